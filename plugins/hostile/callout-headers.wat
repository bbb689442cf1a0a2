;; world: policy-hook
;;
;; Calls out with a list of 60,000 headers, then with one header whose value is a megabyte. Both must be denied without a
;; connection; it traps if one is not.
(module
  (import "weir:plugin/callouts@0.1.0" "send"
    (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 34)
  (data (i32.const 256) "GET")
  (data (i32.const 264) "http://127.0.0.1:1/")
  (data (i32.const 288) "x-a")
  ;; Hands out memory upwards and takes nothing back before the call is over.
  (global $free (mut i32) (i32.const 2162688))
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
    (local $at i32)
    ;; From 65536 on: name, value, name, value; all of them `x-a` and empty.
    (local.set $at (i32.const 65536))
    (loop $next
      (i32.store (local.get $at) (i32.const 288))
      (i32.store offset=4 (local.get $at) (i32.const 3))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 1025536))))
    (call $denied (i32.const 60000))
    ;; The first gets a megabyte of `x`.
    (memory.fill (i32.const 1048576) (i32.const 120) (i32.const 1048576))
    (i32.store (i32.const 65544) (i32.const 1048576))
    (i32.store (i32.const 65548) (i32.const 1048576))
    (call $denied (i32.const 1))
    (i32.store8 (i32.const 0) (i32.const 0))
    (i32.const 0))
  (func $denied (param $count i32)
    (call $send (i32.const 256) (i32.const 3) (i32.const 264) (i32.const 19) (i32.const 65536) (local.get $count)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 128))
    ;; An error, and the first kind of error.
    (if (i32.ne (i32.load8_u (i32.const 128)) (i32.const 1)) (then unreachable))
    (if (i32.load8_u (i32.const 132)) (then unreachable))))
