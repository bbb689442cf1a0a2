//! The contract of Weir's plugins in Zig: what a policy may ask of the host, and what it has to offer.
//!
//! A string or a list crosses the border as an address and a length. What the host hands over it puts into memory that it
//! asks `cabi_realloc` for: here it comes from an arena that ends with the call.
//!
//! A function of the contract that is not here yet is one `extern` and a line or two. After a build,
//! `wasm-tools component embed --dummy-names legacy -t target/wit` shows the names and signatures of all.

const std = @import("std");

/// What every hook is told about the request.
pub const Facts = struct { streaming: bool, body_bytes: u32 };

/// An answer that the client gets in place of the model's.
pub const Refusal = struct { status: u16, code: []const u8, message: []const u8 };

/// What a call of the host answered with in place of a value; `reason` says more.
pub const Error = error{Refused};

/// Why the last call that failed did.
pub var reason: []const u8 = "";

/// Memory that lasts as long as the call of the hook.
pub const call: std.mem.Allocator = arena.allocator();
/// Memory that lasts as long as the plugin.
pub const forever: std.mem.Allocator = std.heap.wasm_allocator;

var arena: std.heap.ArenaAllocator = .init(forever);

pub const request = struct {
    /// The text of a message, or of a part of one.
    pub const Text = extern struct { role: String, text: String };
    /// What a piece of text is.
    pub const Kind = enum(u8) { text, arguments, tool_result, reasoning, refusal, description, other };
    /// A piece of text, wherever it stands; `call` is of a tool call if `has_call` is not 0.
    pub const Piece = extern struct {
        pointer: String,
        kind: Kind,
        role: String,
        choice: u32,
        has_call: u8,
        call: u32,
        event: u32,
        text: String,
    };

    /// The tenant whose key came with the request.
    pub fn tenant() []const u8 {
        var answer: String = undefined;
        raw.request.tenant(&answer);
        return answer.slice();
    }
    /// The model as the client asked for it.
    pub fn model() []const u8 {
        var answer: String = undefined;
        raw.request.model(&answer);
        return answer.slice();
    }
    /// The value of a header.
    pub fn header(name: []const u8) ?[]const u8 {
        var answer: Tagged = undefined;
        raw.request.header(name.ptr, name.len, &answer);
        return answer.optional();
    }
    /// Sets a header that goes upstream.
    pub fn setHeader(name: []const u8, value: []const u8) Error!void {
        var answer: Tagged = undefined;
        raw.request.@"set-header"(name.ptr, name.len, value.ptr, value.len, &answer);
        return answer.check();
    }
    /// The JSON value at an RFC 6901 pointer into the body.
    pub fn get(pointer: []const u8) ?[]const u8 {
        var answer: Tagged = undefined;
        raw.request.get(pointer.ptr, pointer.len, &answer);
        return answer.optional();
    }
    /// Sets the value (JSON text) at an RFC 6901 pointer into the body.
    pub fn set(pointer: []const u8, value: []const u8) Error!void {
        var answer: Tagged = undefined;
        raw.request.set(pointer.ptr, pointer.len, value.ptr, value.len, &answer);
        return answer.check();
    }
    /// Every piece of text that a model will read.
    pub fn pieces() []const Piece {
        var answer: Pieces = undefined;
        raw.request.pieces(&answer);
        return answer.ptr[0..answer.len];
    }
    /// Replaces one piece of text, by its index in the last answer of `pieces`.
    pub fn setPiece(index: u32, text: []const u8) Error!void {
        var answer: Tagged = undefined;
        raw.request.@"set-piece"(index, text.ptr, text.len, &answer);
        return answer.check();
    }
    /// The texts of the messages; a guard wants `pieces`.
    pub fn texts() []const Text {
        var answer: Texts = undefined;
        raw.request.texts(&answer);
        return answer.ptr[0..answer.len];
    }
    /// Replaces one piece of text, by its index in `texts`.
    pub fn setText(index: u32, text: []const u8) Error!void {
        var answer: Tagged = undefined;
        raw.request.@"set-text"(index, text.ptr, text.len, &answer);
        return answer.check();
    }
};

pub const counters = struct {
    /// Adds to a counter of this plugin and tenant.
    pub fn add(name: []const u8, value: u64) void {
        raw.counters.add(name.ptr, name.len, value);
    }
};

pub const log = struct {
    pub const Level = enum(u32) { trace, debug, info, warn, err };
    /// Writes one line to the gateway's log.
    pub fn write(level: Level, message: []const u8) void {
        raw.log.write(@intFromEnum(level), message.ptr, message.len);
    }
};

/// Makes a plugin of two functions: `init`, which answers what is wrong with the settings or null, and `onRequest`, which
/// answers a refusal or null.
pub fn exportPolicy(
    comptime init: fn (settings: []const u8) ?[]const u8,
    comptime onRequest: fn (Facts) ?Refusal,
) void {
    const hooks = struct {
        var init_answer: Tagged = undefined;
        var policy_answer: extern struct { tag: u32, status: u16, code: String, message: String } = undefined;

        fn lifecycleInit(ptr: [*]const u8, len: usize) callconv(.c) *const anyopaque {
            const problem = init(ptr[0..len]);
            init_answer = .{ .tag = @intFromBool(problem != null), .value = .from(problem orelse "") };
            return &init_answer;
        }
        fn policyOnRequest(streaming: u32, body_bytes: u32) callconv(.c) *const anyopaque {
            policy_answer.tag = 0;
            if (onRequest(.{ .streaming = streaming != 0, .body_bytes = body_bytes })) |refusal| {
                policy_answer = .{ .tag = 1, .status = refusal.status, .code = .from(refusal.code), .message = .from(refusal.message) };
            }
            return &policy_answer;
        }
        /// The host has read the answer: the call is over.
        fn over(_: u32) callconv(.c) void {
            _ = arena.reset(.{ .retain_with_limit = 1 << 20 });
        }
        fn realloc(old: [*]u8, old_len: usize, alignment: usize, len: usize) callconv(.c) [*]u8 {
            if (len == 0) return @ptrFromInt(alignment);
            const new = call.alignedAlloc(u8, .@"8", len) catch @trap();
            @memcpy(new[0..old_len], old[0..old_len]);
            return new.ptr;
        }
    };
    @export(&hooks.realloc, .{ .name = "cabi_realloc" });
    @export(&hooks.lifecycleInit, .{ .name = "weir:plugin/lifecycle@0.1.0#init" });
    @export(&hooks.over, .{ .name = "cabi_post_weir:plugin/lifecycle@0.1.0#init" });
    @export(&hooks.policyOnRequest, .{ .name = "weir:plugin/policy@0.1.0#on-request" });
    @export(&hooks.over, .{ .name = "cabi_post_weir:plugin/policy@0.1.0#on-request" });
}

const String = extern struct {
    ptr: [*]const u8,
    len: usize,

    fn from(text: []const u8) String {
        return .{ .ptr = text.ptr, .len = text.len };
    }
    pub fn slice(self: String) []const u8 {
        return self.ptr[0..self.len];
    }
};

const Texts = extern struct { ptr: [*]const request.Text, len: usize };
const Pieces = extern struct { ptr: [*]const request.Piece, len: usize };

/// A `result<_, string>` or an `option<string>`: 1 stands for an error, or for a value.
const Tagged = extern struct {
    tag: u8,
    value: String,

    fn check(self: Tagged) Error!void {
        if (self.tag == 0) return;
        reason = self.value.slice();
        return error.Refused;
    }
    fn optional(self: Tagged) ?[]const u8 {
        return if (self.tag == 0) null else self.value.slice();
    }
};

const raw = struct {
    const request = struct {
        extern "weir:plugin/request@0.1.0" fn tenant(answer: *String) void;
        extern "weir:plugin/request@0.1.0" fn model(answer: *String) void;
        extern "weir:plugin/request@0.1.0" fn header(name: [*]const u8, name_len: usize, answer: *Tagged) void;
        extern "weir:plugin/request@0.1.0" fn @"set-header"(name: [*]const u8, name_len: usize, value: [*]const u8, value_len: usize, answer: *Tagged) void;
        extern "weir:plugin/request@0.1.0" fn get(pointer: [*]const u8, pointer_len: usize, answer: *Tagged) void;
        extern "weir:plugin/request@0.1.0" fn set(pointer: [*]const u8, pointer_len: usize, value: [*]const u8, value_len: usize, answer: *Tagged) void;
        extern "weir:plugin/request@0.1.0" fn texts(answer: *Texts) void;
        extern "weir:plugin/request@0.1.0" fn pieces(answer: *Pieces) void;
        extern "weir:plugin/request@0.1.0" fn @"set-piece"(index: u32, text: [*]const u8, text_len: usize, answer: *Tagged) void;
        extern "weir:plugin/request@0.1.0" fn @"set-text"(index: u32, text: [*]const u8, text_len: usize, answer: *Tagged) void;
    };
    const counters = struct {
        extern "weir:plugin/counters@0.1.0" fn add(name: [*]const u8, name_len: usize, value: u64) void;
    };
    const log = struct {
        extern "weir:plugin/log@0.1.0" fn write(level: u32, message: [*]const u8, message_len: usize) void;
    };
};
