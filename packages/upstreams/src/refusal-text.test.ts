import { describe, expect, it } from 'vitest'

import type { RefusedSubject } from './refusal-text.ts'
import { refusedSubject } from './refusal-text.ts'

describe('the subject of a refusal', () => {
  it.each<[string, RefusedSubject | undefined]>([
    // The account or the key: disables the credential.
    ['Your account has been suspended.', 'account'],
    ['Your account has been suspended for violating our content policy.', 'account'],
    ['The OpenAI account associated with this API key has been deactivated.', 'account'],
    ['This organization has been disabled.', 'account'],
    ['You have been permanently banned', 'account'],
    ['user is banned', 'account'],
    ['用户已被封禁', 'account'],
    ['Incorrect API key provided: sk-ab***cd. You can find your API key at …', 'key'],
    ['Invalid API key', 'key'],
    ['invalid x-api-key', 'key'],
    ['API key not valid. Please pass a valid API key.', 'key'],
    ['Authentication Fails, Your api key: ****abcd is invalid', 'key'],
    ['Your API key has expired', 'key'],
    ['This API key has been revoked by its owner.', 'key'],
    ['Invalid Authentication', 'key'],
    ['无效的令牌', 'key'],
    ['该令牌已过期', 'key'],
    // One operation of the key.
    [
      'You have insufficient permissions for this operation. Missing scopes: api.model.read.',
      'operation',
    ],
    ['Missing scopes: model.request', 'operation'],
    ['Your API key does not have permission to use the specified resource.', 'operation'],
    ['This restricted key cannot do that', 'operation'],
    ['You do not have the required permissions to perform this action', 'operation'],
    ['权限不足', 'operation'],
    // One model of the key.
    ['Your organization must be verified to use the model `gpt-image-2`.', 'model'],
    ['Project `proj_abc` does not have access to model `gpt-5`', 'model'],
    ['You are not allowed to sample from this model', 'model'],
    ['The model `x` does not exist or you do not have access to it.', 'model'],
    // The location of this server.
    ['Country, region, or territory not supported', 'region'],
    ['This service is not available in your region.', 'region'],
    // This request.
    ['Your request was blocked by our content filter', 'request'],
    ['Your prompt was flagged as violating our usage policies', 'request'],
    ['This content is not allowed', 'request'],
    ['Request blocked', 'request'],
    ['Blocked by policy 7', 'request'],
    ["Sorry, I can't help with that", 'request'],
    ['Prompt mentions a suspended account and was rejected', 'request'],
    ['Your prompt "my account has been suspended" was blocked', 'request'],
    ["Your prompt 'Incorrect API key provided' was blocked", 'request'],
    ['Blocked: my account has been suspended', 'request'],
    ['您的请求包含敏感内容', 'request'],
    // Not stated.
    ['Forbidden', undefined],
    ['Unauthorized', undefined],
    ['Access denied', undefined],
  ])('%s', (message, refused) => {
    expect(refusedSubject(message)).toBe(refused)
  })
})
