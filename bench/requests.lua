-- What wrk sends, and how it tells what came back (as bench/load.py reads it).
-- BENCH_FILE holds raw requests, parted by the byte 1, which are sent in turn. "@KEY@" in one becomes a new
-- idempotency key each time; BENCH_SALT keeps those of one run apart from those of the others.

local salt, sent, raw, keyed = os.getenv("BENCH_SALT"), 0, {}, false

local file = assert(io.open(os.getenv("BENCH_FILE"), "rb"))
for one in file:read("*a"):gmatch("[^\1]+") do
  raw[#raw + 1] = one
  keyed = keyed or one:find("@KEY@", 1, true) ~= nil
end
file:close()

request = function()
  sent = sent + 1
  local one = raw[(sent - 1) % #raw + 1]
  if keyed then
    one = one:gsub("@KEY@", salt .. string.format("%016d", sent))
  end
  return one
end

done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nTOLD {"answers":%d,"duration_s":%.6f,"refused":%d,"broken":%d,"p50_ms":%.3f,"p99_ms":%.3f}\n',
    summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
