;; world: policy-hook
;;
;; Its allocator spins, so that the host waits in the middle of its own call: the deadline covers that too.
(module
  (import "weir:plugin/request@0.1.0" "tenant" (func $tenant (param i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (loop $forever (br $forever))
    unreachable)
  (func (export "weir:plugin/policy@0.1.0#on-request")
    (param $streaming i32) (param $body-bytes i32)
    (result i32)
    (call $tenant (i32.const 64))
    (i32.const 0)))
