//! What a call has left behind: a request that is one, an attempt that asks what was decided, a reply that can be shown.

use super::{About, Access, Exchange};
use crate::error::Fault;
use std::sync::Arc;
use weir_dialect::Document;

impl Exchange {
    /// Reads again what the call has written, before anybody else sees it. A request must be one of its dialect, with no name
    /// twice; of an attempt, what was decided is put back; a reply must be such that the next plugin can be shown all of it.
    ///
    /// # Errors
    /// [`Fault::Answer`]: it is none, which is a fault of who wrote it.
    pub(crate) fn read_what_is_left(&mut self) -> Result<(), Fault> {
        let began = self.began;
        match self.current() {
            Some((_, body)) if body.changes() != began => {}
            Some(_) | None => return Ok(()),
        }
        match self.access {
            Access::Read | Access::Events => Ok(()),
            Access::Request => self.reread_request(),
            Access::Attempt => self.reread_attempt(),
            Access::Reply => match &mut self.reply {
                Some(reply) => reply.body.readable().map_err(|why| broken("a reply that cannot be read", &why)),
                None => Ok(()),
            },
        }
    }

    fn reread_request(&mut self) -> Result<(), Fault> {
        let call = self.request.call();
        let body = self.request.bytes().map_err(|why| no_request(&why))?;
        let ask = call.read_request(&body).map_err(|why| no_request(&why))?;
        // Plugins that come later are those of the model that is asked for now.
        if *ask.model != *self.about.model {
            self.about = Arc::new(About { model: Arc::from(&*ask.model), ..(*self.about).clone() });
        }
        self.reread = Some(Box::new((ask, body)));
        Ok(())
    }

    fn reread_attempt(&mut self) -> Result<(), Fault> {
        let Some((_, document)) = self.attempt.as_deref_mut() else { return Ok(()) };
        let call = document.call();
        let left = document.bytes().map_err(|why| no_request(&why))?;
        let (body, ask) = match &self.decided {
            Some(decided) => decided.hold_last(left.clone()),
            None => call.read_request(&left).map(|ask| (left.clone(), ask)),
        }
        .map_err(|why| no_request(&why))?;
        if body.as_ptr() != left.as_ptr() {
            *document = Document::accepted(call, body.clone());
        }
        self.reread = Some(Box::new((ask, body)));
        Ok(())
    }
}

fn no_request(why: &dyn std::fmt::Display) -> Fault {
    broken("a request that cannot be sent", why)
}

fn broken(what: &str, why: &dyn std::fmt::Display) -> Fault {
    Fault::Answer(format!("it left {what}: {why}"))
}
