//! A module with its long instructions cut: a type, a function and a few instructions more, and everything where it was.
//!
//! What is added comes last in its section, so that no number in the module changes its meaning.

use super::piecewise::{Bulk, operands};
use super::sections::{HEADER, Section, section_to, sections};
use super::unprepared::Unprepared;
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use wasm_encoder::{Encode, ValType};
use wasmparser::{
    BinaryReader, CodeSectionReader, CompositeInnerType, FunctionBody, FunctionSectionReader, ImportSectionReader,
    Operator, RefType, TableSectionReader, TypeRef, TypeSectionReader,
};

/// Different instructions, by what they work on, that one module may have.
const DIFFERENT: usize = 1_000;

const CUSTOM: u8 = 0;
const TYPE: u8 = 1;
const IMPORT: u8 = 2;
const FUNCTION: u8 = 3;
const TABLE: u8 = 4;
const CODE: u8 = 10;

/// What of a module has to be known.
#[derive(Default)]
struct Shape {
    /// Parameters of each type; none where it is no function's.
    types: Vec<u32>,
    /// Functions that are imported.
    imported: u32,
    /// The type of each function that is not.
    functions: Vec<u32>,
    /// What each table holds.
    tables: Vec<RefType>,
}

/// What is added to a module.
#[derive(Default)]
struct Added {
    types: Vec<Vec<u8>>,
    /// The type of three operands, by what the second one is.
    shapes: HashMap<Option<RefType>, u32>,
    /// The instructions that have a function, each with the type of its operands, in the functions' order.
    helpers: Vec<(Bulk, u32)>,
    /// The number of an instruction's function, and the type of its operands.
    known: HashMap<Bulk, (u32, u32)>,
}

/// Prepares a module.
pub(super) fn prepare(wasm: &[u8]) -> Result<Cow<'_, [u8]>, Unprepared> {
    let sections = sections(wasm)?;
    let shape = Shape::of(&sections)?;
    let Some(code) = sections.iter().find(|section| section.id == CODE) else { return Ok(Cow::Borrowed(wasm)) };
    let mut added = Added::default();
    let bodies = bodies(code.content, &shape, &mut added)?;
    if added.helpers.is_empty() {
        return Ok(Cow::Borrowed(wasm));
    }
    let mut new = wasm.get(..HEADER).unwrap_or_default().to_vec();
    for section in &sections {
        match section.id {
            TYPE => section_to(&mut new, TYPE, &longer(section.content, added.types.iter().map(Vec::as_slice))?),
            FUNCTION => {
                let types: Vec<Vec<u8>> = added.helpers.iter().map(|(_, ty)| number(*ty)).collect();
                section_to(&mut new, FUNCTION, &longer(section.content, types.iter().map(Vec::as_slice))?);
            }
            CODE => section_to(&mut new, CODE, &with_helpers(&bodies, &added)),
            // It speaks of places in the code, which are others now, and only advises.
            CUSTOM if is_about_code(section) => {}
            _ => new.extend_from_slice(section.whole),
        }
    }
    Ok(Cow::Owned(new))
}

impl Shape {
    fn of(sections: &[Section<'_>]) -> Result<Self, Unprepared> {
        let mut shape = Self::default();
        for section in sections {
            let content = BinaryReader::new(section.content, 0);
            match section.id {
                TYPE => {
                    for group in TypeSectionReader::new(content)? {
                        shape.types.extend(group?.types().map(|ty| match &ty.composite_type.inner {
                            CompositeInnerType::Func(function) => {
                                u32::try_from(function.params().len()).unwrap_or(u32::MAX)
                            }
                            _ => 0,
                        }));
                    }
                }
                IMPORT => {
                    for import in ImportSectionReader::new(content)?.into_imports() {
                        match import?.ty {
                            TypeRef::Func(_) | TypeRef::FuncExact(_) => shape.imported += 1,
                            TypeRef::Table(table) => shape.tables.push(table.element_type),
                            TypeRef::Memory(_) | TypeRef::Global(_) | TypeRef::Tag(_) => {}
                        }
                    }
                }
                FUNCTION => {
                    for ty in FunctionSectionReader::new(content)? {
                        shape.functions.push(ty?);
                    }
                }
                TABLE => {
                    for table in TableSectionReader::new(content)? {
                        shape.tables.push(table?.ty.element_type);
                    }
                }
                _ => {}
            }
        }
        Ok(shape)
    }

    /// Parameters of the function that stands at this place of the code section.
    fn params(&self, place: usize) -> Result<u32, Unprepared> {
        let ty = self.functions.get(place).and_then(|ty| self.types.get(usize::try_from(*ty).ok()?));
        ty.copied().ok_or_else(|| Unprepared::Malformed("a function has no type".to_owned()))
    }
}

impl Added {
    /// The function that does an instruction, and the type of its operands.
    fn helper(&mut self, bulk: Bulk, shape: &Shape) -> Result<(u32, u32), Unprepared> {
        if let Some(known) = self.known.get(&bulk) {
            return Ok(*known);
        }
        if self.helpers.len() >= DIFFERENT {
            return Err(Unprepared::Beyond("it fills and copies in more than 1,000 different ways"));
        }
        let absent = || Unprepared::Malformed("there is no such table".to_owned());
        let holds = |table: u32| shape.tables.get(usize::try_from(table).ok()?).copied();
        let second = bulk.filled_table().map(|table| holds(table).ok_or_else(absent)).transpose()?;
        let ty = match self.shapes.get(&second) {
            Some(ty) => *ty,
            None => {
                let ty = count(shape.types.len() + self.types.len())?;
                self.types.push(operands(second)?);
                self.shapes.insert(second, ty);
                ty
            }
        };
        let function = count(shape.functions.len() + self.helpers.len())?.saturating_add(shape.imported);
        self.helpers.push((bulk, ty));
        self.known.insert(bulk, (function, ty));
        Ok((function, ty))
    }
}

/// Every body, with what is long in it cut.
fn bodies<'a>(code: &'a [u8], shape: &Shape, added: &mut Added) -> Result<Vec<Cow<'a, [u8]>>, Unprepared> {
    let reader = CodeSectionReader::new(BinaryReader::new(code, 0))?;
    let mut bodies = Vec::new();
    for (place, body) in reader.into_iter().enumerate() {
        let body = body?;
        let found = find(&body)?;
        bodies.push(match found.is_empty() {
            true => Cow::Borrowed(body.as_bytes()),
            false => Cow::Owned(cut(code, &body, &found, (shape, shape.params(place)?), added)?),
        });
    }
    Ok(bodies)
}

/// The instructions of a body that may be long, and where they stand in the code section.
fn find(body: &FunctionBody<'_>) -> Result<Vec<(Range<usize>, Bulk)>, Unprepared> {
    let mut operators = body.get_operators_reader()?;
    let mut found = Vec::new();
    // The number that was pushed just before: how long the instruction is, if it is one of these.
    let mut pushed = None;
    while !operators.eof() {
        let (operator, start) = operators.read_with_offset()?;
        if let Some(bulk) = Bulk::of(&operator)
            && pushed.is_none_or(|length: u32| length > bulk.piece())
        {
            found.push((place(start)..place(operators.original_position()), bulk));
        }
        pushed = match operator {
            Operator::I32Const { value } => Some(value.cast_unsigned()),
            _ => None,
        };
    }
    Ok(found)
}

/// A body with these instructions cut, and a local of its own for that.
fn cut(
    code: &[u8],
    body: &FunctionBody<'_>,
    found: &[(Range<usize>, Bulk)],
    (shape, params): (&Shape, u32),
    added: &mut Added,
) -> Result<Vec<u8>, Unprepared> {
    let mut reader = body.get_locals_reader()?;
    let (groups, declared) = (reader.get_count(), place(reader.original_position()));
    let mut scratch = params;
    for _ in 0..groups {
        let (more, _) = reader.read()?;
        scratch = scratch.checked_add(more).ok_or(Unprepared::Beyond("a function has too many locals"))?;
    }
    let begin = place(reader.original_position());
    let mut new = number(groups.checked_add(1).ok_or(Unprepared::Beyond("a function has too many locals"))?);
    new.extend_from_slice(code.get(declared..begin).unwrap_or_default());
    new.push(1);
    ValType::I32.encode(&mut new);
    let mut at = begin;
    for (range, bulk) in found {
        let (helper, ty) = added.helper(*bulk, shape)?;
        new.extend_from_slice(code.get(at..range.start).unwrap_or_default());
        bulk.guarded(&mut new, (scratch, ty, helper));
        at = range.end;
    }
    new.extend_from_slice(code.get(at..place(body.range().end)).unwrap_or_default());
    Ok(new)
}

/// The code section: the bodies, and behind them those of the helpers.
fn with_helpers(bodies: &[Cow<'_, [u8]>], added: &Added) -> Vec<u8> {
    let mut content = Vec::new();
    (bodies.len() + added.helpers.len()).encode(&mut content);
    bodies.iter().for_each(|body| body.encode(&mut content));
    added.helpers.iter().for_each(|(bulk, _)| bulk.function().as_slice().encode(&mut content));
    content
}

/// The content of a section that begins with how many things are in it, with more of them behind the others.
fn longer<'a>(content: &[u8], more: impl ExactSizeIterator<Item = &'a [u8]>) -> Result<Vec<u8>, Unprepared> {
    let mut reader = BinaryReader::new(content, 0);
    let there = usize::try_from(reader.read_var_u32()?).unwrap_or(usize::MAX);
    let mut new = Vec::with_capacity(content.len() + 16);
    there.saturating_add(more.len()).encode(&mut new);
    new.extend_from_slice(content.get(reader.current_position()..).unwrap_or_default());
    more.for_each(|one| new.extend_from_slice(one));
    Ok(new)
}

fn is_about_code(section: &Section<'_>) -> bool {
    let name = BinaryReader::new(section.content, 0).read_string();
    name.is_ok_and(|name| name.starts_with("metadata.code."))
}

fn number(number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    number.encode(&mut bytes);
    bytes
}

fn count(count: usize) -> Result<u32, Unprepared> {
    u32::try_from(count).map_err(|_| Unprepared::Beyond("it has too many functions or types"))
}

/// A place in the code section, which is in memory.
fn place(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
