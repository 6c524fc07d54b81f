-- KEYS: those of the case. ARGV: case, operator, now.
if redis.call('EXISTS', KEYS[CASE]) == 0 then
  return {'gone'}
end
if get(KEYS[CASE], 'status') == 'closed' then
  return {'closed'}
end
local holder = get(KEYS[CASE], 'claimed_by')
if holder then
  return {holder == ARGV[2] and 'ok' or 'taken', holder}
end
local urgency = number(KEYS[CASE], 'urgency')
local since = get(KEYS[CASE], 'since')
if since then
  redis.call('HSET', KEYS[CASE], 'waited', since) -- its place, should it be given back
else
  redis.call('HDEL', KEYS[CASE], 'waited')
end
stop_waiting(ARGV[1])
redis.call('HSET', KEYS[CASE], 'claimed_by', ARGV[2], 'claimed_at', ARGV[3])
page('claimed', ARGV[1], urgency, tonumber(ARGV[3]), 0, ARGV[2])
event(ARGV[1], 'claimed', ARGV[2], tonumber(ARGV[3]), urgency)
return {'ok', ARGV[2]}
