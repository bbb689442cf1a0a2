;; world: policy-hook
;;
;; A policy that has the whole body copied in and looks at its first byte. Memory for bodies of up to 192 KiB.
(module
  (import "weir:plugin/request@0.1.0" "body" (func $body (param i32)))
  (memory (export "memory") 4)
  (global $free (mut i32) (i32.const 1024))
  (global $seen (mut i32) (i32.const 0))
  (func (export "cabi_realloc") (param $old i32) (param $old-len i32) (param $align i32) (param $len i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get $len)))
    (local.get $at))
  (func (export "cabi_post_weir:plugin/policy@0.1.0#on-request") (param i32)
    (global.set $free (i32.const 1024)))
  (func (export "weir:plugin/policy@0.1.0#on-request")
    (param $streaming i32) (param $body-bytes i32)
    (result i32)
    ;; The body's address and length come to 64.
    (call $body (i32.const 64))
    (global.set $seen (i32.load8_u (i32.load (i32.const 64))))
    (i32.const 0)))
