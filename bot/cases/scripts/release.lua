-- The holder gives the case back. KEYS: those of the case. ARGV: case, operator, now.
if redis.call('EXISTS', KEYS[CASE]) == 0 then
  return {'gone'}
end
if get(KEYS[CASE], 'status') == 'closed' then
  return {'closed'}
end
local holder = get(KEYS[CASE], 'claimed_by')
if not holder then
  return {'unclaimed'}
end
if holder ~= ARGV[2] then
  return {'taken', holder}
end
local urgency, now = number(KEYS[CASE], 'urgency'), tonumber(ARGV[3])
redis.call('HDEL', KEYS[CASE], 'claimed_by', 'claimed_at')
event(ARGV[1], 'released', ARGV[2], now, urgency)
if wants_operator(urgency) then
  start_waiting(ARGV[1], urgency, tonumber(get(KEYS[CASE], 'waited') or ARGV[3]), now)
end
return {'ok', number(KEYS[CASE], 'seq')}
