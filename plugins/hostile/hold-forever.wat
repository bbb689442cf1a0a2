;; world: event-hook
;;
;; Holds every event back, always. The host bounds what it keeps; the client gets every text at its end at the latest, for
;; there `hold` means `pass`, and what is no content at once, for this plugin has not seen it.
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
  (func (export "weir:plugin/event@0.1.0#on-events")
    (param $streaming i32) (param $body-bytes i32)
    (param $events i32) (param $count i32) (param $last i32)
    (result i32)
    (local $at i32) (local $end i32)
    ;; An edit takes 12 bytes; its first says which. 4 is `hold`.
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (local.set $end (i32.add (local.get $at) (i32.mul (local.get $count) (i32.const 12))))
    (block $enough
      (br_if $enough (i32.le_u (local.get $end) (i32.shl (memory.size) (i32.const 16))))
      (drop (memory.grow (i32.add (i32.shr_u (i32.mul (local.get $count) (i32.const 12)) (i32.const 16)) (i32.const 1)))))
    (i32.store (i32.const 4) (local.get $at))
    (i32.store (i32.const 8) (local.get $count))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (i32.store8 (local.get $at) (i32.const 4))
        (local.set $at (i32.add (local.get $at) (i32.const 12)))
        (br $next)))
    (i32.const 0))
  (func (export "cabi_post_weir:plugin/event@0.1.0#on-events") (param i32)
    (global.set $free (i32.const 4096))))
