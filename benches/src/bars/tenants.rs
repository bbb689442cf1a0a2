//! Many tenants, many models: what a gateway takes for what has not happened.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result};
use weir_tenancy::key;

use super::harness::{BarsHarness, config, mib, settle, well};
use crate::bar::Bar;
use crate::control;
use crate::stamp::RequestStamp;
use crate::talk::{Manner, Talk, TalkEnd, body, head};
use crate::weir::PEPPER;

pub(super) fn bars(harness: &BarsHarness<'_>) -> Result<Vec<Bar>> {
    let (provider, args) = (well()?, harness.args);
    let mut models = String::new();
    for number in 0..args.models {
        let _ok = writeln!(models, "[models.m{number}]\ntargets = [\"p/m{number}\"]");
    }
    let (mut tenants, mut tokens) = (String::new(), Vec::new());
    for number in 0..args.tenants {
        let id = format!("t{number}");
        let key = key::generate(&id)?;
        let hash = key.hash_line(PEPPER.as_bytes());
        let _ok = writeln!(
            tenants,
            "[tenants.{id}]\nmodels = [\"*\"]\nrequests_per_minute = 600\nconcurrency = 64\n\
             keys = [{{ id = \"{id}\", hash = \"{hash}\" }}]"
        );
        tokens.push(key.token());
    }
    let gateway = harness.start(&config(&provider, &models, &tenants, &harness.folder.join("none")))?;
    let what = format!("{} tenants × {} models", args.tenants, args.models);
    settle(Duration::from_secs(2));
    let mut bars = vec![
        Bar::most(format!("{what}: time to start"), gateway.took.as_secs_f64(), "s", 3.0),
        Bar::most(format!("{what}: memory"), mib(gateway.memory()), "MiB", 120.0),
        Bar::most(format!("{what}: scrape"), scrape(&gateway.admin)?, "MB", 5.0),
    ];
    let answered = ask_all(control::loopback(&gateway.url)?, &tokens, args.models)?;
    let after = format!("the same after a request of each tenant ({answered} answered)");
    bars.push(Bar::shown(format!("{after}: memory"), mib(gateway.memory()), "MiB"));
    bars.push(Bar::shown(format!("{after}: scrape"), scrape(&gateway.admin)?, "MB"));
    Ok(bars)
}

/// MB of a scrape, which is counted and not kept: without a bound it may be hundreds.
#[expect(clippy::cast_precision_loss, reason = "a scrape is far below 2^52 bytes")]
fn scrape(admin: &str) -> Result<f64> {
    let address = control::loopback(admin)?;
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(Duration::from_secs(60)))?;
    write!(socket, "GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let (mut room, mut sum) = (vec![0; 1 << 20], 0_u64);
    loop {
        let read = socket.read(&mut room).context("the scrape broke off")?;
        if read == 0 {
            return Ok(sum as f64 / 1e6);
        }
        sum += u64::try_from(read)?;
    }
}

/// One request of each tenant, for one model each; how many were answered.
fn ask_all(to: std::net::SocketAddr, tokens: &[String], models: u32) -> Result<usize> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut answered = 0;
        for (number, token) in (0..).zip(tokens) {
            let body = body(&format!("m{}", number % models), false, RequestStamp { run: 1, number }, 100);
            let head = head(to, token, body.len());
            let patience = Duration::from_secs(10);
            let talk =
                Talk { to, head: &head, body: &body, stream: false, http2: false, manner: Manner::Patient, patience };
            let heard = talk.hear().await;
            answered += usize::from(heard.ended == TalkEnd::Whole && heard.status == Some(200));
        }
        Ok(answered)
    })
}
