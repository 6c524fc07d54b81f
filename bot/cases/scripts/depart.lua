-- A conversation has moved: leave a pointer. KEYS: conv, seen, home. ARGV: version it had, new shard, milliseconds.
-- 0 when a turn was committed here in the meantime: look again, so that nothing it has seen is forgotten.
if tonumber(redis.call('HGET', KEYS[1], 'v') or '0') ~= tonumber(ARGV[1]) then
  return 0
end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[3])
return 1
