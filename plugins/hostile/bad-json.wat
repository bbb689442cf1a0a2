;; world: policy-hook
;;
;; Sets values that are no JSON, at pointers that are none, and a body that is none. Each write is an error; the request goes
;; on as it was. It traps if one is taken.
(module
  (import "weir:plugin/request@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32)))
  (import "weir:plugin/request@0.1.0" "set-body" (func $set-body (param i32 i32 i32)))
  (memory (export "memory") 2)
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
  (func $refused (param i32 i32 i32 i32)
    (call $set (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 64))
    (if (i32.eqz (i32.load8_u (i32.const 64))) (then unreachable)))
  (data (i32.const 1024) "/user") (data (i32.const 1040) "nonsense") (data (i32.const 1060) "1")
  (data (i32.const 1070) "/a/b") (data (i32.const 1080) "1,")
  (func (export "weir:plugin/policy@0.1.0#on-request") (param $streaming i32) (param $body-bytes i32) (result i32)
    (call $refused (i32.const 1024) (i32.const 5) (i32.const 1040) (i32.const 8))
    (call $refused (i32.const 1025) (i32.const 4) (i32.const 1060) (i32.const 1))
    (call $refused (i32.const 1070) (i32.const 4) (i32.const 1060) (i32.const 1))
    (call $refused (i32.const 1024) (i32.const 5) (i32.const 1080) (i32.const 2))
    (call $set-body (i32.const 1040) (i32.const 8) (i32.const 64))
    (if (i32.eqz (i32.load8_u (i32.const 64))) (then unreachable))
    (i32.const 0)))
