//! What `weir_component::prepare` makes of a module does the same as the module, to the last byte.

use wasmtime::{Engine, Instance, Module, Store, Trap};

const MODULE: &str = r#"(module
  (memory (export "memory") 8)
  (table $t (export "table") 9000 funcref)
  (data $data "the quick brown fox jumps over the lazy dog")
  (elem $elem func $a $b $a $b $a)
  (func $a (result i32) (i32.const 1)) (func $b (result i32) (i32.const 2))
  (func (export "number")
    (local $at i32)
    (loop $more
      (i32.store (local.get $at) (i32.mul (local.get $at) (i32.const 0x9E3779B1)))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $more (i32.lt_u (local.get $at) (i32.const 0x80000)))))
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "init") (param i32 i32 i32) (memory.init $data (local.get 0) (local.get 1) (local.get 2)))
  (func (export "table.init") (param i32 i32 i32) (table.init $t $elem (local.get 0) (local.get 1) (local.get 2)))
  (func (export "table.copy") (param i32 i32 i32) (table.copy $t $t (local.get 0) (local.get 1) (local.get 2)))
  (func (export "table.fill") (param i32 i32 i32)
    (table.fill $t (local.get 0) (table.get $t (local.get 1)) (local.get 2))))"#;

/// Places and lengths around all that could go wrong: pieces, ends, overlaps, and numbers that wrap.
const CALLS: [(&str, i32, i32, i32); 27] = [
    ("fill", 0, 5, 0),
    ("fill", 3, 6, 65_536),
    ("fill", 3, 7, 65_537),
    ("fill", 1, 8, 200_003),
    ("fill", 0, 9, 0x8_0000),
    ("fill", 1, 10, 0x8_0000),
    ("fill", -1, 11, 2),
    ("fill", -65_536, 12, 0x2_0000),
    ("copy", 10, 11, 300_000),
    ("copy", 11, 10, 300_000),
    ("copy", 70_000, 5, 65_537),
    ("copy", 5, 70_000, 65_537),
    ("copy", 0, 131_072, 262_144),
    ("copy", 131_072, 0, 262_144),
    ("copy", 7, 7, 400_000),
    ("copy", 0, 1, 0x8_0000),
    ("copy", 1, 0, 0x8_0000),
    ("copy", 100, -10, 70_000),
    ("init", 99, 4, 20),
    ("init", 99, 40, 20),
    ("table.init", 0, 0, 5),
    ("table.copy", 5, 0, 8_900),
    ("table.copy", 2, 5, 8_900),
    ("table.fill", 100, 0, 8_800),
    ("table.fill", 0, 50, 9_000),
    ("table.fill", 1, 0, 9_000),
    ("table.copy", 0, 1, 9_000),
];

struct Guest {
    store: Store<()>,
    instance: Instance,
}

impl Guest {
    fn of(wasm: &[u8]) -> Self {
        let engine = Engine::default();
        let module = Module::new(&engine, wasm).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let mut guest = Self { store, instance };
        let number = guest.instance.get_typed_func::<(), ()>(&mut guest.store, "number").unwrap();
        number.call(&mut guest.store, ()).unwrap();
        guest
    }

    fn call(&mut self, (name, a, b, c): (&str, i32, i32, i32)) -> Option<Trap> {
        let function = self.instance.get_typed_func::<(i32, i32, i32), ()>(&mut self.store, name).unwrap();
        function.call(&mut self.store, (a, b, c)).err().map(|error| *error.downcast_ref::<Trap>().unwrap())
    }

    /// All of its memory, and which places of its table hold something.
    fn state(&mut self) -> (Vec<u8>, Vec<bool>) {
        let memory = self.instance.get_memory(&mut self.store, "memory").unwrap().data(&self.store).to_vec();
        let table = self.instance.get_table(&mut self.store, "table").unwrap();
        let places = (0..9_000).map(|n| table.get(&mut self.store, n).unwrap().unwrap_func().is_some()).collect();
        (memory, places)
    }
}

#[test]
fn a_prepared_module_does_what_the_module_does() {
    let plain = wat::parse_str(MODULE).unwrap();
    let prepared = weir_component::prepare(&plain).unwrap();
    assert_ne!(prepared, plain.as_slice());
    let (mut one, mut other) = (Guest::of(&plain), Guest::of(&prepared));
    for call in CALLS {
        let ends = (one.call(call), other.call(call));
        assert_eq!(ends.0, ends.1, "{call:?}");
        assert!(one.state() == other.state(), "{call:?} leaves something else");
    }
}
