//! Plugins that are work for whoever compiles them, and for nobody else: what they do is pass every request.
//!
//! A compiler that brings functions into the form in which each variable is assigned once has to follow every variable through
//! every place where two ways meet. So work and memory grow with the product of both, while the file grows with their sum.

use wasm_encoder::{
    BlockType, CodeSection, Component, ConstExpr, DataSection, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, MemorySection, MemoryType, Module, ModuleSection, TypeSection, ValType,
};

const HOOK: &str = "weir:plugin/policy@0.1.0#on-request";

/// What there is much of.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bomb {
    /// Functions, each with the locals, branches and depth below.
    pub functions: u32,
    /// Local variables.
    pub locals: u32,
    /// Places where two ways meet, one behind the other.
    pub branches: u32,
    /// The same inside one another.
    pub depth: u32,
    /// Places that one branch may lead to.
    pub targets: u32,
    /// Types, globals and pieces of data, each.
    pub items: u32,
    /// Bytes of one more piece of data.
    pub data: usize,
}

/// Makes such a plugin.
///
/// # Errors
/// If there is more of something than a module may have.
pub fn bomb(bomb: Bomb) -> anyhow::Result<Vec<u8>> {
    let (mut types, mut functions, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([ValType::I32; 4], [ValType::I32]);
    types.ty().function([ValType::I32; 2], [ValType::I32]);
    types.ty().function([], [ValType::I32]);
    (0..bomb.items).for_each(|_| types.ty().function([], []));
    for (ty, body) in [(0, trap()), (1, pass())] {
        functions.function(ty);
        code.function(&body);
    }
    let body = body(bomb);
    for _ in 0..bomb.functions {
        functions.function(2);
        code.function(&body);
    }
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
    let (mut globals, mut data) = (GlobalSection::new(), DataSection::new());
    for _ in 0..bomb.items {
        let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(ty, &ConstExpr::i32_const(7));
        data.active(0, &ConstExpr::i32_const(64), *b"x");
    }
    if bomb.data > 0 {
        data.passive(vec![7; bomb.data]);
    }
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0).export("cabi_realloc", ExportKind::Func, 0);
    exports.export(HOOK, ExportKind::Func, 1);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memories).section(&globals).section(&exports);
    module.section(&code).section(&data);
    Ok(weir_component::from_module(module.finish(), "policy-hook")?)
}

/// A component that is nothing but so many modules.
#[must_use]
pub fn of_many_modules(count: usize) -> Vec<u8> {
    let mut component = Component::new();
    for _ in 0..count {
        component.section(&ModuleSection(&Module::new()));
    }
    component.finish()
}

fn trap() -> Function {
    let mut function = Function::new([]);
    function.instructions().unreachable().end();
    function
}

/// The answer at 0 is one that lets the request pass.
fn pass() -> Function {
    let mut function = Function::new([]);
    function.instructions().i32_const(0).end();
    function
}

fn body(bomb: Bomb) -> Function {
    let mut function = Function::new((bomb.locals > 0).then_some((bomb.locals, ValType::I32)));
    let mut code = function.instructions();
    let local = |n: u32| n % bomb.locals.max(1);
    for n in 0..bomb.branches {
        code.block(BlockType::Empty).local_get(local(n)).br_if(0);
        code.i32_const(1).local_set(local(n.wrapping_mul(7))).end();
    }
    for n in 0..bomb.depth {
        code.block(BlockType::Empty).local_get(local(n)).br_if(0);
    }
    for n in 0..bomb.depth {
        code.i32_const(2).local_set(local(n)).end();
    }
    if bomb.targets > 0 {
        let targets: Vec<u32> = (0..bomb.targets).map(|n| n % 2).collect();
        code.block(BlockType::Empty).block(BlockType::Empty).i32_const(1).br_table(targets, 0).end().end();
    }
    // All of them are asked for at the end, so that none is given up on the way.
    code.i32_const(0);
    for n in 0..bomb.locals {
        code.local_get(n).i32_add();
    }
    code.end();
    function
}
