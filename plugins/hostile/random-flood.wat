;; world: policy-hook
;;
;; Asks for 4 GiB of random bytes, a hundred times. It must get 4,096 each time and no more; it traps if it gets another
;; number of them.
(module
  (import "weir:plugin/random@0.1.0" "bytes" (func $random (param i32 i32)))
  (memory (export "memory") 1)
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
    (local $n i32)
    (loop $more
      (call $random (i32.const -1) (i32.const 128))
      (if (i32.ne (i32.load (i32.const 132)) (i32.const 4096)) (then unreachable))
      (global.set $free (i32.const 4096))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $n) (i32.const 100))))
    (i32.store8 (i32.const 0) (i32.const 0))
    (i32.const 0)))
