-- Take the head away if it is still the one that was sent. KEYS: those of the case, then conv, out, trail.
-- ARGV: item id, trail ('' for none), milliseconds to remember, now, reason ('' when it was sent), case id.
local CONV, OUT, TRAIL = 9, 10, 11
local head = redis.call('LINDEX', KEYS[OUT], 0)
if not head or string.sub(head, 1, 16) ~= ARGV[1] then
  return 0
end
redis.call('LPOP', KEYS[OUT])
if ARGV[2] ~= '' then
  redis.call('RPUSH', KEYS[TRAIL], ARGV[2])
  redis.call('PEXPIRE', KEYS[TRAIL], ARGV[3])
end
if redis.call('EXISTS', KEYS[OUT]) == 0 and get(KEYS[CONV], 'leaving') then
  -- the chat is wiped and the last word said: nobody can be written to any more
  redis.call('HDEL', KEYS[CONV], 'routing', 'trails')
  redis.call('DEL', KEYS[TRAIL])
end
if ARGV[5] ~= '' and ARGV[6] ~= '' and redis.call('EXISTS', KEYS[CASE]) == 1 then
  local urgency, now = number(KEYS[CASE], 'urgency'), tonumber(ARGV[4])
  event(ARGV[6], 'undeliverable', ARGV[5], now, urgency)
  page('undelivered', ARGV[6], urgency, now, 0, get(KEYS[CASE], 'claimed_by'))
end
return 1
