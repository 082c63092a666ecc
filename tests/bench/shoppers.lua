-- Shoppers without a pause, for wrk: each buys one Tux after the other. Says at the end, as one line
-- of JSON, how many were bought, what was answered otherwise, and each time longer than 5 ms without
-- any purchase answered: when it began (ms since 1970) and how long it was.
--
--   wrk … -s shoppers.lua URL
--
-- One thread only: each has its own clock of the last answer.
local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } tandem_time;
  int clock_gettime(int clock, tandem_time* time);
]]
local time = ffi.new("tandem_time")

local function now_ms()
  ffi.C.clock_gettime(0, time)
  return tonumber(time.seconds) * 1000 + tonumber(time.nanoseconds) / 1e6
end

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(_)
  bought, wrong, example, gaps = 0, 0, "", ""
  last = now_ms()
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = '{"name":"Tux","quantity":1}'
end

function response(status, _, body)
  if status ~= 200 or not string.find(body, "order_number", 1, true) then
    wrong = wrong + 1
    example = status .. " " .. string.sub(body, 1, 100)
    return
  end
  bought = bought + 1
  local now = now_ms()
  if now - last > 5 then
    gaps = gaps .. string.format('%s{"at_ms":%.3f,"ms":%.3f}', gaps == "" and "" or ",", last, now - last)
  end
  last = now
end

function done(summary, _, _)
  local thread = threads[1]
  local e = summary.errors
  io.write(string.format('{"bought":%d,"wrong":%d,"errors":%d,"example":"%s","gaps":[%s]}\n',
    thread:get("bought"), thread:get("wrong"), e.connect + e.read + e.write + e.timeout,
    string.gsub(thread:get("example"), '[%c"\\]', " "), thread:get("gaps")))
end
