;; world: policy-hook
;;
;; Reads the body by the pointer `` and writes a line to the log, again and again. Every host call is counted: it must be cut
;; off at the limit of host calls or at its deadline, whichever comes first, and the log holds no more than its bytes.
(module
  (import "weir:plugin/request@0.1.0" "get" (func $get (param i32 i32 i32)))
  (import "weir:plugin/log@0.1.0" "write" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "flood")
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
    (loop $forever
      (call $get (i32.const 64) (i32.const 0) (i32.const 128))
      (call $log (i32.const 2) (i32.const 64) (i32.const 5))
      ;; What the host has written is thrown away, so that memory does not run out first.
      (global.set $free (i32.const 4096))
      (br $forever))
    unreachable))
