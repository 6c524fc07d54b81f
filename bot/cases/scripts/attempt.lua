-- One more attempt within a window that begins with the first? KEYS: counter. ARGV: now, limit, window (milliseconds).
local began = redis.call('HGET', KEYS[1], 'began')
if not began or tonumber(ARGV[1]) - tonumber(began) >= tonumber(ARGV[3]) then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'began', ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return redis.call('HINCRBY', KEYS[1], 'count', 1) <= tonumber(ARGV[2]) and 1 or 0
