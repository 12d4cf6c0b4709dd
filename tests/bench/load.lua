-- One kind of request for wrk: wrk -s load.lua URL -- KIND FIRST ROWS COOKIE CSRF
-- Ids are drawn at random among the even ones, which this user may read; an update takes each record once, for it has to name the version that it changes.
local kind, first, rows, half, headers, turn

function init(args)
  kind, first, rows = args[1], tonumber(args[2]), math.floor(tonumber(args[3]))
  headers = { Cookie = args[4], ["X-CSRF-Token"] = args[5], ["Content-Type"] = "application/json" }
  half, turn = math.floor(rows / 2), 0
  math.randomseed(os.time() + first)
end

local function day()
  return string.format("2026-%02d-%02d", math.random(1, 12), math.random(1, 28))
end

local make = {
  record = function()
    return wrk.format("GET", "/api/contract(" .. first + 2 * math.random(0, half - 1) .. ")", headers)
  end,
  list = function()
    return wrk.format("GET", "/api/contract?$select=number,subject,amount,ends_on,stage&$expand=account($select=name)&$orderby=ends_on&$top=50&$filter=ends_on%20ge%20" .. day(), headers)
  end,
  create = function()
    return wrk.format("POST", "/api/contract", headers,
      '{"subject":"Bench","account_id":' .. first + math.random(0, rows - 1) .. ',"amount":120000,"ends_on":"2028-01-01"}')
  end,
  update = function()
    turn = turn + 1
    headers["If-Match"] = 'W/"1"'
    return wrk.format("PATCH", "/api/contract(" .. first + 2 * (turn * 7919 % half) .. ")", headers, '{"amount":' .. 1000 + turn .. '}')
  end,
}

function request()
  return make[kind]()
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%d,"seconds":%.4f,"p50":%.3f,"p99":%.3f,"refused":%d,"broken":%d}\n', summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, e.status, e.connect + e.read + e.write + e.timeout))
end
