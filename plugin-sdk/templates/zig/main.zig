//! The plugin {{name}}.

const std = @import("std");
const weir = @import("weir.zig");

comptime {
    weir.exportPolicy(init, onRequest);
}

/// Gets the settings, a JSON object, once for each instance. What it answers keeps the plugin out of service: begin it with
/// the place, such as "settings.deny: must be a list of words".
fn init(settings: []const u8) ?[]const u8 {
    _ = settings;
    return null;
}

/// Decides about a request: null lets it pass.
fn onRequest(facts: weir.Facts) ?weir.Refusal {
    _ = facts;
    // Go on here: weir.request.pieces() are the request's pieces of text, weir.request.header("x-team") is one of its headers,
    // weir.request.setHeader and weir.request.set change it. To refuse:
    //
    //     return .{ .status = 400, .code = "not_allowed", .message = "why not" };
    return null;
}

// A plugin has nowhere to print to: what goes wrong is a trap, and Weir refuses the request.
pub const panic = std.debug.no_panic;
