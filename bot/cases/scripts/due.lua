-- Fire the rungs that are due. KEYS: those of a case (only the shard's are used). ARGV: now, limit, repeat
-- (milliseconds), JSON: by urgency the delays (milliseconds) of its rungs.
local now, every = tonumber(ARGV[1]), tonumber(ARGV[3])
local delays = cjson.decode(ARGV[4])
local fired = {}
local due = redis.call('ZRANGEBYSCORE', KEYS[LADDER], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, case in ipairs(due) do
  local place = redis.call('ZSCORE', KEYS[WAITING], case)
  local state = redis.call('HGET', KEYS[RUNGS], case)
  if place and state then
    place = tonumber(place)
    local urgency = 4 - math.floor(place / 1e13)
    local rungs = delays[tostring(urgency)]
    if #rungs == 0 then
      rungs = {0} -- a person asked for a human about what has no rungs: page once, then remind
    end
    local rung, base = string.match(state, '^(%d+):(%d+)$')
    rung, base = tonumber(rung), tonumber(base)
    -- after an outage: the highest rung whose time has come, not each of them at once
    while rung + 1 < #rungs and base + rungs[rung + 2] <= now do
      rung = rung + 1
    end
    rung = math.min(rung, #rungs - 1)
    local next_due = now + every
    if rung + 1 < #rungs then
      next_due = base + rungs[rung + 2]
    end
    redis.call('ZADD', KEYS[LADDER], string.format('%.0f', next_due), case)
    redis.call('HSET', KEYS[RUNGS], case, (rung + 1) .. ':' .. string.format('%.0f', base))
    page('page', case, urgency, now, rung)
    fired[#fired + 1] = {case, urgency, rung, string.format('%.0f', place % 1e13)}
  else
    redis.call('ZREM', KEYS[LADDER], case)
    redis.call('HDEL', KEYS[RUNGS], case)
  end
end
return fired
