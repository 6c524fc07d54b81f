-- Before a conversation moves to another shard: may it, and what goes with it? KEYS: conv, seen, home. ARGV: message key.
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then
  return {'duplicate'}
end
if redis.call('EXISTS', KEYS[3]) == 1 then
  return {'conflict'}
end
local conv = redis.call('HMGET', KEYS[1], 'v', 'past', 'trails')
return {'ok', tonumber(conv[1] or '0'), (conv[2] or '') .. ',' .. (conv[3] or ''), redis.call('ZRANGE', KEYS[2], -1000, -1, 'WITHSCORES')}
