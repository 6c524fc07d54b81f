-- A conversation and its case. KEYS: home, conv, case (a guess: the caller remembers it; a wrong one costs a second call).
-- ARGV: pseudonym, case id guessed, milliseconds that `home` must still live.
local home = redis.call('GET', KEYS[1])
if home then
  if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then
    redis.call('PEXPIRE', KEYS[1], 2 * ARGV[3])
  end
  return {'moved', home}
end
local conv = redis.call('HMGET', KEYS[2], 'v', 'session', 'case', 'routing')
local case = conv[3]
if case and case ~= ARGV[2] then
  return {'guess', case}
end
local fields = false
-- both ends must agree: a case that another conversation took over is no longer this one's
if case and redis.call('HGET', KEYS[3], 'conversation') == ARGV[1] then
  fields = redis.call('HGETALL', KEYS[3])
end
return {'view', conv[1], conv[2], fields, conv[4] and 1 or 0}
