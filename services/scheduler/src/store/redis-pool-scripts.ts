/**
 * The operations of the pool as atomic Lua scripts. Keys, all under one prefix with one hash tag:
 *   fence               the highest fencing token or stamp so far
 *   expiring            zset: `lease channel credential` by end
 *   leases:<credential> zset: lease by end; alive = ends later than now
 *   lease:<lease>       hash: the fields of the lease
 *   health:<credential> hash: the health, absent while it is initial; `limit:<model>` is the end of the cooldown
 *                       of one model
 * All times are compared with the server's clock, which is the same for every replica.
 */

/** ARGV 1: prefix, 2: milliseconds that a test adds to the server's clock, 3: the minimum of fencing tokens. */
const prelude = `
local prefix = ARGV[1]
local time = redis.call('TIME')
local nowUs = time[1] * 1000000 + time[2] + ARGV[2] * 1000
local nowMs = math.floor(nowUs / 1000)
local later = '(' .. string.format('%.0f', nowMs)

local function nextNumber()
  local last = tonumber(redis.call('GET', prefix .. 'fence') or '0')
  local number = math.max(nowUs, last + 1, ARGV[3] + 1)
  redis.call('SET', prefix .. 'fence', string.format('%.0f', number))
  return number
end

local function countAlive(credential)
  return redis.call('ZCOUNT', prefix .. 'leases:' .. credential, later, '+inf')
end

local function isAlive(credential, lease)
  if not lease then return false end
  local ends = redis.call('ZSCORE', prefix .. 'leases:' .. credential, lease)
  return ends and tonumber(ends) > nowMs
end

-- The stored health; the initial health when the stored one is of an earlier epoch than this.
local function readHealth(credential, epoch, model)
  local row = redis.call('HMGET', prefix .. 'health:' .. credential,
    'epoch', 'stamp', 'shut', 'restUntilMs', 'probation', 'probe', 'json', 'limit:' .. (model or ''))
  if not row[1] or tonumber(row[1]) < epoch then
    return { epoch = epoch, stamp = 0, shut = false, restUntilMs = 0, probation = false, json = '' }
  end
  return {
    epoch = tonumber(row[1]), stamp = tonumber(row[2]), shut = row[3] == '1',
    restUntilMs = math.max(tonumber(row[4]), tonumber(row[8] or '0')), probation = row[5] == '1', probe = row[6], json = row[7],
  }
end

-- change: json ('' for initial health), shut, restUntilMs, probation, ttlMs; ARGV from limitsAt on: model, end
local function writeHealth(credential, epoch, change, limitsAt)
  local key = prefix .. 'health:' .. credential
  local probe = redis.call('HGET', key, 'probe')
  redis.call('DEL', key)
  if change[1] == '' then return end
  redis.call('HSET', key, 'epoch', epoch, 'stamp', string.format('%.0f', nextNumber()),
    'json', change[1], 'shut', change[2], 'restUntilMs', change[3], 'probation', change[4])
  for at = limitsAt, #ARGV, 2 do redis.call('HSET', key, 'limit:' .. ARGV[at], ARGV[at + 1]) end
  if probe and change[4] == '1' then redis.call('HSET', key, 'probe', probe) end
  redis.call('PEXPIRE', key, change[5])
end
`

/** ARGV 4: lease, 5: holder, 6: ttlMs, 7: graceMs, then channel, credential, limit, epoch, model of each candidate. */
const take = `${prelude}
local lease, ttlMs = ARGV[4], tonumber(ARGV[6])
local refusals = {}
for at = 8, #ARGV, 5 do
  local channel, credential = ARGV[at], ARGV[at + 1]
  local limit, epoch = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local alive = countAlive(credential)
  local health = readHealth(credential, epoch, ARGV[at + 4])
  local cooling = nowMs < health.restUntilMs
  local full = alive >= limit or (health.probation and isAlive(credential, health.probe))
  if not health.shut and not cooling and not full then
    local fence, ends = nextNumber(), nowMs + ttlMs
    local probe = health.probation and '1' or '0'
    redis.call('ZADD', prefix .. 'leases:' .. credential, ends, lease)
    redis.call('ZADD', prefix .. 'expiring', ends, lease .. ' ' .. channel .. ' ' .. credential)
    redis.call('HSET', prefix .. 'lease:' .. lease, 'channel', channel, 'credential', credential,
      'holder', ARGV[5], 'fence', string.format('%.0f', fence), 'epoch', epoch, 'probe', probe)
    redis.call('PEXPIRE', prefix .. 'lease:' .. lease, ttlMs + ARGV[7])
    if health.probation then
      redis.call('HSET', prefix .. 'health:' .. credential, 'probe', lease)
    end
    return { (at - 8) / 5, fence, ends, tonumber(probe), alive + 1, refusals }
  end
  refusals[#refusals + 1] = { alive, cooling and health.restUntilMs or 0, health.shut and 1 or 0 }
end
return { -1, 0, 0, 0, 0, refusals }
`

/** ARGV 4: lease, 5: ttlMs, 6: graceMs. Returns the new end, or 0. */
const renew = `${prelude}
local key = prefix .. 'lease:' .. ARGV[4]
local row = redis.call('HMGET', key, 'channel', 'credential')
if not row[2] or not isAlive(row[2], ARGV[4]) then return 0 end
local ends = nowMs + ARGV[5]
redis.call('ZADD', prefix .. 'leases:' .. row[2], ends, ARGV[4])
redis.call('ZADD', prefix .. 'expiring', ends, ARGV[4] .. ' ' .. row[1] .. ' ' .. row[2])
redis.call('PEXPIRE', key, ARGV[5] + ARGV[6])
return ends
`

/** ARGV 4: lease, 5: stamp seen, 6: probe seen, 7: 1 when health follows, 8…: health. */
const release = `${prelude}
local lease, key = ARGV[4], prefix .. 'lease:' .. ARGV[4]
local row = redis.call('HMGET', key, 'channel', 'credential', 'holder', 'fence', 'epoch', 'probe')
local channel, credential = row[1], row[2]
if not credential then return { 'lost' } end
local ends = redis.call('ZSCORE', prefix .. 'leases:' .. credential, lease)
if not ends or tonumber(ends) <= nowMs then return { 'lost' } end
local epoch = tonumber(row[5])
local health = readHealth(credential, epoch)
local current = health.epoch == epoch
local probe = health.probe == lease and 1 or 0
if current and (health.stamp ~= tonumber(ARGV[5]) or probe ~= tonumber(ARGV[6])) then
  return { 'conflict', health.epoch, health.stamp, health.json, probe }
end
local alive = countAlive(credential)
redis.call('ZREM', prefix .. 'leases:' .. credential, lease)
redis.call('ZREM', prefix .. 'expiring', lease .. ' ' .. channel .. ' ' .. credential)
redis.call('DEL', key)
if probe == 1 then redis.call('HDEL', prefix .. 'health:' .. credential, 'probe') end
if current and ARGV[7] == '1' then
  writeHealth(credential, epoch, { ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12] }, 13)
end
return { 'released', channel, credential, row[3], tonumber(row[4]), epoch, tonumber(ends),
  tonumber(row[6]), alive, current and 1 or 0 }
`

/** ARGV 4: credential, 5: epoch, 6: stamp seen, 7…: health. */
const writeHealth = `${prelude}
local health = readHealth(ARGV[4], tonumber(ARGV[5]))
if health.epoch ~= tonumber(ARGV[5]) or health.stamp ~= tonumber(ARGV[6]) then
  return { 'conflict', health.epoch, health.stamp, health.json }
end
writeHealth(ARGV[4], ARGV[5], { ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11] }, 12)
return { 'written' }
`

/** ARGV 4…: credentials. Returns for each: leases, probing, epoch, stamp, health. */
const read = `${prelude}
local statuses = {}
for at = 4, #ARGV do
  local health = readHealth(ARGV[at], 0)
  local probing = isAlive(ARGV[at], health.probe) and 1 or 0
  statuses[#statuses + 1] =
    { countAlive(ARGV[at]), probing, health.epoch, health.stamp, health.json }
end
return statuses
`

/** ARGV 4: limit. Returns the removed members of \`expiring\`. */
const reap = `${prelude}
local members = redis.call('ZRANGEBYSCORE', prefix .. 'expiring', '-inf',
  string.format('%.0f', nowMs), 'LIMIT', 0, ARGV[4])
for _, member in ipairs(members) do
  local lease, credential = string.match(member, '^(%S+) %S+ (%S+)$')
  redis.call('ZREM', prefix .. 'expiring', member)
  redis.call('ZREM', prefix .. 'leases:' .. credential, lease)
  redis.call('DEL', prefix .. 'lease:' .. lease)
end
return members
`

export const poolScripts = { take, renew, release, writeHealth, read, reap }
