//! Word-policy refuses requests that contain a denied word, and tells the provider who asks.

const std = @import("std");
const json = std.json;
const weir = @import("weir.zig");

comptime {
    weir.exportPolicy(init, onRequest);
}

// What `init` has read.
var denied: []const []const u8 = &.{};
var header: []const u8 = "x-checked-by";

/// Answers what is wrong with the settings.
fn init(settings: []const u8) ?[]const u8 {
    const given = json.parseFromSliceLeaky(json.Value, weir.forever, settings, .{ .allocate = .alloc_always }) catch
        return "settings: must be a JSON object";
    if (given != .object) return "settings: must be a JSON object";
    for (given.object.keys()) |name| {
        if (!std.mem.eql(u8, name, "deny") and !std.mem.eql(u8, name, "header"))
            return std.mem.concat(weir.call, u8, &.{ "settings.", name, ": there is no such setting" }) catch @trap();
    }
    denied = words(given.object.get("deny") orelse .null) orelse
        return "settings.deny: must be a list of words, at least one, and none of them empty";
    if (given.object.get("header")) |value| header = word(value) orelse
        return "settings.header: must be the name of a header";
    return null;
}

fn words(value: json.Value) ?[]const []const u8 {
    if (value != .array or value.array.items.len == 0) return null;
    const list = weir.forever.alloc([]const u8, value.array.items.len) catch @trap();
    for (list, value.array.items) |*one, item| one.* = word(item) orelse return null;
    return list;
}

fn word(value: json.Value) ?[]const u8 {
    return if (value == .string and value.string.len > 0) value.string else null;
}

fn onRequest(_: weir.Facts) ?weir.Refusal {
    weir.counters.add("seen", 1);
    for (weir.request.texts()) |piece| {
        for (denied) |one| {
            if (std.ascii.findIgnoreCase(piece.text.slice(), one) != null) {
                weir.counters.add("denied", 1);
                return .{ .status = 400, .code = "content_filter", .message = "this request contains a word that is not allowed here" };
            }
        }
    }
    label() catch return .{ .status = 500, .code = "policy_failed", .message = weir.reason };
    return null;
}

/// Leaves the policy's mark and the tenant's name on the request.
fn label() weir.Error!void {
    try weir.request.setHeader(header, "word-policy");
    const tenant = json.Stringify.valueAlloc(weir.call, weir.request.tenant(), .{}) catch @trap();
    try weir.request.set("/user", tenant);
}

// A plugin has nowhere to print to: what goes wrong is a trap, and Weir refuses the request.
pub const panic = std.debug.no_panic;
