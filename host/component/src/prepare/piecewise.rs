//! The instructions that are cut, and the functions that do them piece by piece.

use super::unprepared::Unprepared;
use wasm_encoder::{BlockType, Encode, Function, InstructionSink, ValType};
use wasmparser::{AbstractHeapType, HeapType, Operator, RefType, UnpackedIndex};

/// Bytes of memory that are written in one piece: some 10 µs, of pages that nobody touched before 20 µs.
const MEMORY_PIECE: u32 = 64 << 10;
/// Elements of a table likewise; each may have to be made first.
const TABLE_PIECE: u32 = 4 << 10;

/// An instruction that is cut, with what it works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Bulk {
    MemoryFill { mem: u32 },
    MemoryCopy { dst: u32, src: u32 },
    MemoryInit { mem: u32, data: u32 },
    TableFill { table: u32 },
    TableCopy { dst: u32, src: u32 },
    TableInit { table: u32, elem: u32 },
}

impl Bulk {
    /// The instruction, if it is one of these.
    pub(super) fn of(operator: &Operator<'_>) -> Option<Self> {
        Some(match *operator {
            Operator::MemoryFill { mem } => Self::MemoryFill { mem },
            Operator::MemoryCopy { dst_mem, src_mem } => Self::MemoryCopy { dst: dst_mem, src: src_mem },
            Operator::MemoryInit { data_index, mem } => Self::MemoryInit { mem, data: data_index },
            Operator::TableFill { table } => Self::TableFill { table },
            Operator::TableCopy { dst_table, src_table } => Self::TableCopy { dst: dst_table, src: src_table },
            Operator::TableInit { elem_index, table } => Self::TableInit { table, elem: elem_index },
            _ => return None,
        })
    }

    /// Bytes or elements of one piece.
    pub(super) fn piece(self) -> u32 {
        match self {
            Self::MemoryFill { .. } | Self::MemoryCopy { .. } | Self::MemoryInit { .. } => MEMORY_PIECE,
            Self::TableFill { .. } | Self::TableCopy { .. } | Self::TableInit { .. } => TABLE_PIECE,
        }
    }

    /// The table that it fills with a reference, if that is what it does.
    pub(super) fn filled_table(self) -> Option<u32> {
        match self {
            Self::TableFill { table } => Some(table),
            _ => None,
        }
    }

    /// Writes the instruction itself.
    fn write(self, to: &mut InstructionSink<'_>) {
        match self {
            Self::MemoryFill { mem } => to.memory_fill(mem),
            Self::MemoryCopy { dst, src } => to.memory_copy(dst, src),
            Self::MemoryInit { mem, data } => to.memory_init(mem, data),
            Self::TableFill { table } => to.table_fill(table),
            Self::TableCopy { dst, src } => to.table_copy(dst, src),
            Self::TableInit { table, elem } => to.table_init(table, elem),
        };
    }

    /// Pushes how large what it writes to is, as an `i64`.
    fn size(self, to: &mut InstructionSink<'_>) {
        match self {
            Self::MemoryFill { mem } | Self::MemoryInit { mem, .. } | Self::MemoryCopy { dst: mem, .. } => {
                to.memory_size(mem).i64_extend_i32_u().i64_const(16).i64_shl()
            }
            Self::TableFill { table } | Self::TableInit { table, .. } | Self::TableCopy { dst: table, .. } => {
                to.table_size(table).i64_extend_i32_u()
            }
        };
    }

    /// The same of what it copies from, as far as that can be asked.
    fn of_source(self) -> Option<Self> {
        match self {
            Self::MemoryCopy { src, .. } => Some(Self::MemoryFill { mem: src }),
            Self::TableCopy { src, .. } => Some(Self::TableFill { table: src }),
            Self::MemoryFill { .. } | Self::MemoryInit { .. } | Self::TableFill { .. } | Self::TableInit { .. } => None,
        }
    }

    /// Whether its second operand is a place that goes along with the first.
    fn has_source(self) -> bool {
        !matches!(self, Self::MemoryFill { .. } | Self::TableFill { .. })
    }

    /// Whether both places may be of the same memory or table, so that they may overlap.
    fn may_overlap(self) -> bool {
        matches!(self, Self::MemoryCopy { dst, src } | Self::TableCopy { dst, src } if dst == src)
    }

    /// What is done in place of the instruction with its operands on the stack: as it stands if it is short, else by the
    /// function `helper`. `scratch` is a local of type `i32`, `shape` the type that takes the operands.
    pub(super) fn guarded(self, to: &mut Vec<u8>, (scratch, shape, helper): (u32, u32, u32)) {
        let mut to = InstructionSink::new(to);
        to.local_tee(scratch).local_get(scratch).i32_const(self.piece().cast_signed()).i32_gt_u();
        to.if_(BlockType::FunctionType(shape)).call(helper).else_();
        self.write(&mut to);
        to.end();
    }

    /// The function that does it piece by piece, of the same three operands.
    pub(super) fn function(self) -> Vec<u8> {
        let mut function = Function::new([]);
        let mut to = function.instructions();
        self.whole_if_beyond(&mut to);
        if self.may_overlap() {
            // As a whole it copies as if by way of a buffer: from behind, if it would else write over what comes.
            to.local_get(0).local_get(1).i32_gt_u().if_(BlockType::Empty);
            self.backwards(&mut to);
            to.return_().end();
        }
        self.forwards(&mut to);
        to.end();
        function.into_raw_body()
    }

    /// What reaches beyond the end traps, and has written nothing then.
    fn whole_if_beyond(self, to: &mut InstructionSink<'_>) {
        let end = |to: &mut InstructionSink<'_>, place: u32| {
            to.local_get(place).i64_extend_i32_u().local_get(2).i64_extend_i32_u().i64_add();
        };
        end(to, 0);
        self.size(to);
        to.i64_gt_u();
        if let Some(source) = self.of_source() {
            end(to, 1);
            source.size(to);
            to.i64_gt_u().i32_or();
        }
        to.if_(BlockType::Empty);
        self.all_that_is_left(to);
        to.return_().end();
    }

    fn forwards(self, to: &mut InstructionSink<'_>) {
        let piece = self.piece().cast_signed();
        to.loop_(BlockType::Empty).local_get(0).local_get(1).i32_const(piece);
        self.write(to);
        to.local_get(0).i32_const(piece).i32_add().local_set(0);
        if self.has_source() {
            to.local_get(1).i32_const(piece).i32_add().local_set(1);
        }
        to.local_get(2).i32_const(piece).i32_sub().local_tee(2).i32_const(piece).i32_gt_u().br_if(0).end();
        self.all_that_is_left(to);
    }

    fn backwards(self, to: &mut InstructionSink<'_>) {
        let piece = self.piece().cast_signed();
        to.loop_(BlockType::Empty).local_get(2).i32_const(piece).i32_sub().local_set(2);
        to.local_get(0).local_get(2).i32_add().local_get(1).local_get(2).i32_add().i32_const(piece);
        self.write(to);
        to.local_get(2).i32_const(piece).i32_gt_u().br_if(0).end();
        self.all_that_is_left(to);
    }

    fn all_that_is_left(self, to: &mut InstructionSink<'_>) {
        to.local_get(0).local_get(1).local_get(2);
        self.write(to);
    }
}

/// The type of three operands, the second one a number or a reference: an entry of the type section.
pub(super) fn operands(second: Option<RefType>) -> Result<Vec<u8>, Unprepared> {
    const FUNCTION: u8 = 0x60;
    let mut ty = vec![FUNCTION, 3];
    ValType::I32.encode(&mut ty);
    match second {
        None => ValType::I32.encode(&mut ty),
        Some(reference) => write_reference(&mut ty, reference)?,
    }
    ValType::I32.encode(&mut ty);
    // No results.
    ty.push(0);
    Ok(ty)
}

/// Writes the type of a reference as it stands in the module.
fn write_reference(to: &mut Vec<u8>, reference: RefType) -> Result<(), Unprepared> {
    use wasm_encoder::{HeapType as Heap, RefType as Reference};
    let unknown = Unprepared::Beyond("it fills a table of references of a kind that is not known here");
    let heap_type = match reference.heap_type() {
        HeapType::Abstract { shared: false, ty: AbstractHeapType::Func } => Heap::FUNC,
        HeapType::Abstract { shared: false, ty: AbstractHeapType::Extern } => Heap::EXTERN,
        HeapType::Concrete(UnpackedIndex::Module(index)) => Heap::Concrete(index),
        _ => return Err(unknown),
    };
    ValType::Ref(Reference { nullable: reference.is_nullable(), heap_type }).encode(to);
    Ok(())
}
