;; world: policy-hook
;;
;; Writes into every page of 56 MiB of memory that nobody has written to before, and lets the request pass. Its instance is
;; too large to be kept, so that each call begins anew; what it costs is the kernel's work, and counts.
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
  (func (export "weir:plugin/policy@0.1.0#on-request") (param $streaming i32) (param $body-bytes i32) (result i32)
    (local $at i32) (local $end i32)
    (local.set $at (i32.shl (memory.grow (i32.const 896)) (i32.const 16)))
    (if (i32.gt_u (local.get $at) (i32.const 0x10000000)) (then (return (i32.const 0))))
    (local.set $end (i32.add (local.get $at) (i32.const 58720256)))
    (loop $touch
      (i32.store (local.get $at) (i32.const 1))
      (local.set $at (i32.add (local.get $at) (i32.const 4096)))
      (br_if $touch (i32.lt_u (local.get $at) (local.get $end))))
    (i32.const 0)))
