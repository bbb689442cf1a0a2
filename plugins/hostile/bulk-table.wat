;; world: policy-hook
;;
;; Fills and copies a large table over and over. An element may have to be made before it is copied, so that each of these
;; instructions may take milliseconds: it is cut off at its deadline, and gives way before.
(module
  (memory (export "memory") 1)
  (table $table 90000 funcref)
  (elem (i32.const 0) func $nothing $nothing $nothing $nothing)
  (func $nothing)
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
  (func (export "weir:plugin/policy@0.1.0#on-request") (param $streaming i32) (param $body-bytes i32) (result i32)
    (local $length i32)
    (local.set $length (i32.const 89990))
    (loop $forever
      (table.fill $table (i32.const 0) (ref.func $nothing) (local.get $length))
      (table.copy $table $table (i32.const 4) (i32.const 0) (local.get $length))
      (br $forever))
    (i32.const 0)))
