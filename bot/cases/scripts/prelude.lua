-- What the scripts share; the loader puts it before each. Keys of a case come in one fixed order (layout.py):
-- all of one shard, so of one hash tag.
local CASE, LOG, WAITING, LADDER, RUNGS, CASES, PAGES, EVENTS = 1, 2, 3, 4, 5, 6, 7, 8
local PRIORITY = 2
local STREAM_MAX = 100000

local function get(key, field)
  return redis.call('HGET', key, field) or nil
end

local function number(key, field)
  return tonumber(redis.call('HGET', key, field) or '0')
end

-- urgency first, then who has waited longest; exact in a double until the year 2286
local function score(urgency, since)
  return string.format('%.0f', (4 - urgency) * 1e13 + since)
end

local function page(kind, case, urgency, at, rung, by)
  redis.call('XADD', KEYS[PAGES], 'MAXLEN', '~', STREAM_MAX, '*', 'kind', kind, 'case', case,
    'urgency', urgency, 'at', string.format('%.0f', at), 'rung', rung or 0, 'by', by or '')
end

local function event(case, action, by, at, urgency)
  redis.call('XADD', KEYS[EVENTS], 'MAXLEN', '~', STREAM_MAX, '*', 'case', case, 'action', action,
    'by', by, 'at', string.format('%.0f', at), 'urgency', urgency)
end

-- the ladder from its first rung, due at once
local function climb(case, now)
  redis.call('HDEL', KEYS[CASE], 'passed')
  redis.call('ZADD', KEYS[LADDER], string.format('%.0f', now), case)
  redis.call('HSET', KEYS[RUNGS], case, '0:' .. string.format('%.0f', now))
end

local function stop_waiting(case)
  redis.call('HDEL', KEYS[CASE], 'since')
  redis.call('ZREM', KEYS[WAITING], case)
  redis.call('ZREM', KEYS[LADDER], case)
  redis.call('HDEL', KEYS[RUNGS], case)
end

local function wants_operator(urgency)
  return urgency >= PRIORITY or get(KEYS[CASE], 'escalated') == '1'
end

local function start_waiting(case, urgency, since, now)
  redis.call('HSET', KEYS[CASE], 'since', string.format('%.0f', since))
  redis.call('ZADD', KEYS[WAITING], score(urgency, since), case)
  climb(case, now)
  page('wait', case, urgency, now)
  event(case, 'waiting', 'person', now, urgency)
end

local function touch(case, now)
  redis.call('HSET', KEYS[CASE], 'updated', string.format('%.0f', now))
  redis.call('ZADD', KEYS[CASES], string.format('%.0f', now), case)
end

-- `list` (comma-separated) with each of `more` that it lacks
local function union(list, more)
  local seen, out = {}, {}
  for item in string.gmatch((list or '') .. ',' .. (more or ''), '[^,]+') do
    if not seen[item] then
      seen[item] = true
      out[#out + 1] = item
    end
  end
  return table.concat(out, ',')
end

-- nothing of the case stays in the keyspace but a line in the events that says so
local function forget(case, action, by, now)
  local urgency = number(KEYS[CASE], 'urgency')
  local holder = get(KEYS[CASE], 'claimed_by')
  stop_waiting(case)
  redis.call('DEL', KEYS[CASE], KEYS[LOG])
  redis.call('ZREM', KEYS[CASES], case)
  page('gone', case, urgency, now, 0, holder)
  event(case, action, by, now, urgency)
end
