;; world: policy-hook
;;
;; A policy that asks the gateway for three things: the headers `x-team`, `x-plan` and `x-user`. What a host call costs.
(module
  (import "weir:plugin/request@0.1.0" "header" (func $header (param i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "x-team")
  (data (i32.const 72) "x-plan")
  (data (i32.const 80) "x-user")
  (global $free (mut i32) (i32.const 1024))
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
    (call $header (i32.const 64) (i32.const 6) (i32.const 128))
    (call $header (i32.const 72) (i32.const 6) (i32.const 144))
    (call $header (i32.const 80) (i32.const 6) (i32.const 160))
    ;; Each answer begins with a byte: whether there is such a header. The bench sends all three.
    (if (i32.ne (i32.add (i32.load8_u (i32.const 128))
                (i32.add (i32.load8_u (i32.const 144)) (i32.load8_u (i32.const 160)))) (i32.const 3))
      (then unreachable))
    (i32.const 0)))
