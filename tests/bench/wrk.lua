-- The requests that wrk sends, and what it says at the end: one line of JSON.
--
--   wrk … -s wrk.lua URL -- KIND STATUS BODY CHECK RUN
--
-- KIND is "get" (the URL as it is), "pipeline" (sixteen of that at once), "query" (a read of the user
-- ann by POST), "user" (a new user with each request, with RUN in the name so that no two runs share
-- one) or "buy" (one Tux). With CHECK "check" every answer must have this STATUS, and a body in
-- which the text BODY stands; without, only what wrk counts itself is looked at, which costs nothing.
local threads = {}

function setup(thread)
  thread:set("id", #threads)
  table.insert(threads, thread)
end

function init(args)
  local kind, status, body, check, run = args[1], tonumber(args[2]), args[3], args[4], args[5]
  wrong = 0
  example = ""
  if kind == "user" then
    local count = 0
    request = function()
      count = count + 1
      local name = "bench-" .. run .. "-" .. id .. "-" .. count
      return wrk.format("PUT", nil, { ["Content-Type"] = "application/json" },
        '{"username":"' .. name .. '","password":"da39a3ee5e6b4b0d3255bfef95601890afd80709"}')
    end
  elseif kind == "query" then
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
    wrk.body = '{"table":"users","where":{"username":"ann"}}'
  elseif kind == "buy" then
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
    wrk.body = '{"name":"Tux","quantity":1}'
  elseif kind == "pipeline" then
    local requests = string.rep(wrk.format(), 16)
    request = function() return requests end
  elseif kind ~= "get" then
    error("unknown kind of request: " .. tostring(kind))
  end
  if check == "check" then
    response = function(got_status, _, got_body)
      if got_status ~= status or not string.find(got_body, body, 1, true) then
        wrong = wrong + 1
        example = got_status .. " " .. string.sub(got_body, 1, 100)
      end
    end
  end
end

function done(summary, latency, _)
  local e = summary.errors
  local wrong, example = 0, ""
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get("wrong")
    if thread:get("example") ~= "" then example = thread:get("example") end
  end
  io.write(string.format(
    '{"rate":%.0f,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f,"ms":%.3f,"requests":%d,"bytes":%d,"errors":%d,"wrong":%d,"example":"%s"}\n',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, latency.max / 1e3, summary.duration / 1e3,
    summary.requests, summary.bytes,
    e.connect + e.read + e.write + e.status + e.timeout, wrong,
    string.gsub(example, '[%c"\\]', " ")))
end
