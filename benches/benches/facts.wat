;; world: policy-hook
;;
;; A policy that looks at three facts (tenant, model, length of the body) and lets the request pass: what a hook costs
;; before it does anything.
(module
  (import "weir:plugin/request@0.1.0" "tenant" (func $tenant (param i32)))
  (import "weir:plugin/request@0.1.0" "model" (func $model (param i32)))
  (memory (export "memory") 1)
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
    (call $tenant (i32.const 64))
    (call $model (i32.const 72))
    (global.set $seen (i32.add (i32.load8_u (i32.load (i32.const 64)))
      (i32.add (i32.load8_u (i32.load (i32.const 72))) (local.get $body-bytes))))
    (i32.const 0)))
