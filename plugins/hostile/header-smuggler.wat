;; world: policy-hook
;;
;; Sets what would make another message of the request: line ends in a value, framing, the host, credentials. Each must be
;; refused; it traps if one is not.
(module
  (import "weir:plugin/request@0.1.0" "set-header" (func $set (param i32 i32 i32 i32 i32)))
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
  (data (i32.const 1024) "x-a") (data (i32.const 1040) "b\0d\0atransfer-e: c")
  (data (i32.const 1060) "transfer-encoding") (data (i32.const 1080) "chunked")
  (data (i32.const 1090) "content-length") (data (i32.const 1110) "0")
  (data (i32.const 1120) "host") (data (i32.const 1130) "authorization") (data (i32.const 1150) "connection")
  (data (i32.const 1170) "x-b\0d\0ax")
  (func (export "weir:plugin/policy@0.1.0#on-request") (param $streaming i32) (param $body-bytes i32) (result i32)
    (call $refused (i32.const 1024) (i32.const 3) (i32.const 1040) (i32.const 17))
    (call $refused (i32.const 1060) (i32.const 17) (i32.const 1080) (i32.const 7))
    (call $refused (i32.const 1090) (i32.const 14) (i32.const 1110) (i32.const 1))
    (call $refused (i32.const 1120) (i32.const 4) (i32.const 1080) (i32.const 7))
    (call $refused (i32.const 1130) (i32.const 13) (i32.const 1080) (i32.const 7))
    (call $refused (i32.const 1150) (i32.const 10) (i32.const 1080) (i32.const 7))
    (call $refused (i32.const 1170) (i32.const 8) (i32.const 1080) (i32.const 7))
    (i32.const 0)))
