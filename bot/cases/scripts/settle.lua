-- Done with a wake-up, if nothing is left to send. KEYS: out, wake. ARGV: group, wake-up's id.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
redis.call('XACK', KEYS[2], ARGV[1], ARGV[2])
redis.call('XDEL', KEYS[2], ARGV[2])
return 1
