;; world: policy-hook
;;
;; Its allocator answers every question with an address outside of its memory. The host must not write there: the call
;; that asked for the tenant's name ends in a trap.
(module
  (import "weir:plugin/request@0.1.0" "tenant" (func $tenant (param i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 0x7ffffff8))
  (func (export "weir:plugin/policy@0.1.0#on-request")
    (param $streaming i32) (param $body-bytes i32)
    (result i32)
    (call $tenant (i32.const 64))
    (i32.const 0)))
