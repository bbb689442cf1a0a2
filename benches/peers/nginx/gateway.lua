-- An AI gateway's work for each request: key check, request limit, JSON parse, header mutation, usage metering.
local json = require "cjson.safe"

local limits, usage = ngx.shared.limits, ngx.shared.usage

-- Keys are looked up by hash, so that none is compared byte by byte.
local tenants = {
    [ngx.sha1_bin("{key}")] = { name = "bench", per_minute = 1000000000, models = { ["{model}"] = true } },
}
local UPSTREAM_KEY = "Bearer {upstream_key}"
-- The longest whole reply that is read for its usage, in bytes, and the last pieces of a stream that are.
local LONGEST, PIECES = 1048576, 4

local gateway = {}

local function refuse(status, code, message)
    ngx.status = status
    ngx.header["content-type"] = "application/json"
    ngx.print(json.encode({ error = { message = message, type = "invalid_request_error", code = code } }))
    return ngx.exit(status)
end

local function tenant()
    local sent = ngx.var.http_authorization
    if not sent or sent:sub(1, 7):lower() ~= "bearer " then
        return nil
    end
    return tenants[ngx.sha1_bin(sent:sub(8))]
end

-- A fixed window of one minute, counted for all workers together.
local function within_limit(who)
    local minute = math.floor(ngx.time() / 60)
    local seen = limits:incr(who.name .. minute, 1, 0, 120)
    return not seen or seen <= who.per_minute
end

local function body_of_request()
    ngx.req.read_body()
    local body = ngx.req.get_body_data()
    if body then
        return body
    end
    local name = ngx.req.get_body_file()
    local file = name and io.open(name, "rb")
    if not file then
        return ""
    end
    body = file:read("*a")
    file:close()
    return body
end

function gateway.request()
    local who = tenant()
    if not who then
        return refuse(401, "invalid_api_key", "this key is not known")
    end
    if not within_limit(who) then
        return refuse(429, "rate_limit_exceeded", "too many requests this minute")
    end
    local ask = json.decode(body_of_request())
    if type(ask) ~= "table" then
        return refuse(400, "invalid_json", "the body is not JSON")
    end
    if type(ask.model) ~= "string" or not who.models[ask.model] then
        return refuse(404, "model_not_found", "there is no such model")
    end
    ngx.req.set_header("authorization", UPSTREAM_KEY)
    ngx.req.clear_header("cookie")
    ngx.req.set_header("x-request-id", ngx.var.request_id)
    local ctx = ngx.ctx
    ctx.who, ctx.model, ctx.stream = who.name, ask.model, ask.stream == true
end

function gateway.head()
    if not ngx.ctx.who then
        return
    end
    ngx.header["x-request-id"] = ngx.var.request_id
    ngx.header["server"] = nil
end

local function meter(ctx, spent)
    if type(spent) ~= "table" then
        return
    end
    local name = ctx.who .. " " .. ctx.model .. " "
    usage:incr(name .. "requests", 1, 0)
    usage:incr(name .. "prompt_tokens", tonumber(spent.prompt_tokens) or 0, 0)
    usage:incr(name .. "completion_tokens", tonumber(spent.completion_tokens) or 0, 0)
end

local function whole(ctx, chunk, last)
    local kept = ctx.kept
    if not kept then
        kept = { size = 0 }
        ctx.kept = kept
    end
    kept.size = kept.size + #chunk
    if kept.size <= LONGEST then
        kept[#kept + 1] = chunk
        if last then
            local reply = json.decode(table.concat(kept))
            meter(ctx, type(reply) == "table" and reply.usage)
        end
    end
end

-- The usage of a stream is in one of its last events, whatever pieces these come in.
local function stream(ctx, chunk, last)
    local kept = ctx.kept
    if not kept then
        kept = { seen = 0 }
        ctx.kept = kept
    end
    if chunk ~= "" then
        kept[kept.seen % PIECES + 1] = chunk
        kept.seen = kept.seen + 1
    end
    if not last then
        return
    end
    local pieces = {}
    for at = math.max(kept.seen - PIECES, 0), kept.seen - 1 do
        pieces[#pieces + 1] = kept[at % PIECES + 1]
    end
    for event in table.concat(pieces):gmatch("data: ({[^\n]*})") do
        if event:find('"usage"', 1, true) then
            local parsed = json.decode(event)
            meter(ctx, type(parsed) == "table" and parsed.usage)
        end
    end
end

function gateway.body()
    local ctx = ngx.ctx
    if not ctx.who then
        return
    end
    local chunk, last = ngx.arg[1] or "", ngx.arg[2]
    if ctx.stream then
        return stream(ctx, chunk, last)
    end
    return whole(ctx, chunk, last)
end

function gateway.usage()
    for _, name in ipairs(usage:get_keys(0)) do
        ngx.say(name, " ", usage:get(name))
    end
end

return gateway
