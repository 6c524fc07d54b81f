-- Forget a case that nobody touched since the cutoff. KEYS: those of the case. ARGV: case, cutoff, now.
local touched = redis.call('ZSCORE', KEYS[CASES], ARGV[1])
if not touched or tonumber(touched) > tonumber(ARGV[2]) then
  return 0
end
forget(ARGV[1], 'expired', 'retention', tonumber(ARGV[3]))
return 1
