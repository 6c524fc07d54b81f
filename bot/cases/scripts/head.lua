-- What is to be sent next, and where to. KEYS: conv, out.
local conv = redis.call('HMGET', KEYS[1], 'routing', 'past')
return {redis.call('LINDEX', KEYS[2], 0), conv[1], conv[2] or ''}
