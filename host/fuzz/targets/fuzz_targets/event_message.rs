#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::event_message::event_message(data));
