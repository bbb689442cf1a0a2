;; world: policy-hook
;;
;; Calls out with headers and a body that lie far outside of its memory. The host must find that out before it reads
;; them: a trap.
(module
  (import "weir:plugin/callouts@0.1.0" "send"
    (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "GET")
  (data (i32.const 264) "http://127.0.0.1:1/")
  ;; Hands out memory upwards and takes nothing back before the call is over.
  (global $free (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param $old i32) (param $old-len i32) (param $align i32) (param $len i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get $len)))
    (block $enough
      (br_if $enough (i32.le_u (global.get $free) (i32.shl (memory.size) (i32.const 16))))
      (br_if $enough (i32.ne (memory.grow (i32.add (i32.shr_u (local.get $len) (i32.const 16)) (i32.const 1))) (i32.const -1)))
      unreachable)
    (local.get $at))
  (func (export "weir:plugin/policy@0.1.0#on-request")
    (param $streaming i32) (param $body-bytes i32)
    (result i32)
    (call $send (i32.const 256) (i32.const 3) (i32.const 264) (i32.const 19) (i32.const 0x7ffffff0) (i32.const 90)
      (i32.const -16) (i32.const 0x7fffffff) (i32.const 0) (i32.const 128))
    (i32.store8 (i32.const 0) (i32.const 0))
    (i32.const 0)))
