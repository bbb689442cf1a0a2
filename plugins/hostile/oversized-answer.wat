;; world: policy-hook
;;
;; Refuses with a message of 48 MiB of the letter `a`. The host copies no more than it passes on (1,024 bytes), or fails the
;; call because the answer is too large; either way it must not hold 48 MiB more afterwards.
(module
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
  (global $big (mut i32) (i32.const 0))
  (func (export "weir:plugin/policy@0.1.0#on-request")
    (param $streaming i32) (param $body-bytes i32)
    (result i32)
    ;; Grown and filled by the first call of an instance, answered by every call.
    (if (i32.eqz (global.get $big))
      (then
        (global.set $big (i32.shl (memory.grow (i32.const 768)) (i32.const 16)))
        (memory.fill (global.get $big) (i32.const 97) (i32.const 50331648))))
    (i32.store8 (i32.const 0) (i32.const 1))
    (i32.store16 (i32.const 4) (i32.const 400))
    (i32.store (i32.const 8) (global.get $big))
    (i32.store (i32.const 12) (i32.const 3))
    (i32.store (i32.const 16) (global.get $big))
    (i32.store (i32.const 20) (i32.const 50331648))
    (i32.const 0)))
