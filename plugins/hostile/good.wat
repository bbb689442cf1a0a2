;; world: policy-hook
;;
;; A policy that behaves: it sets the header `x-good: 1` and lets the request pass. The measure for all the others: it must
;; work in every isolation, be called any number of times on one instance and keep its memory at one page.
(module
  (import "weir:plugin/request@0.1.0" "set-header" (func $set-header (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "x-good")
  (data (i32.const 72) "1")
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
  (func (export "cabi_post_weir:plugin/policy@0.1.0#on-request") (param i32)
    (global.set $free (i32.const 4096)))
  (func (export "weir:plugin/policy@0.1.0#on-request")
    (param $streaming i32) (param $body-bytes i32)
    (result i32)
    ;; The answer of set-header: a byte that says ok or error, then the error's text.
    (call $set-header (i32.const 64) (i32.const 6) (i32.const 72) (i32.const 1) (i32.const 128))
    (if (i32.load8_u (i32.const 128)) (then unreachable))
    ;; The answer of the hook lies at 0, where the memory is zero: ok.
    (i32.const 0)))
