import type { ChannelModel } from '@sluice/contracts/scheduler.contract'

const chat = (model: string): ChannelModel => ({ model, upstreamModel: model, kinds: ['chat'] })
const image = (model: string): ChannelModel => ({ model, upstreamModel: model, kinds: ['image'] })

/** Names that clients ask for by default, and that OpenAI offers. */
export const familiarModels: ChannelModel[] = [
  ...['gpt-image-2', 'gpt-image-1.5', 'gpt-image-1-mini', 'chatgpt-image-latest'].map(image),
  ...['gpt-4o-mini', 'gpt-4o', 'gpt-4.1-mini', 'gpt-4.1'].map(chat),
]

/** What the sandbox answers to until a real channel exists: the same, and names of samples and older clients. */
export const sampleModels: ChannelModel[] = [
  ...familiarModels,
  ...['dall-e-3', 'dall-e-2', 'picture_v2'].map(image),
]

// Models that are neither chat nor pictures, by the words in their names.
const others =
  /embed|whisper|tts|transcribe|moderation|realtime|audio|dall-e|sora|davinci|babbage|search|codex|instruct/

/** Sorts an upstream's list of model names into those that we can route, by what they are for. */
export function routableModels(names: readonly string[]): ChannelModel[] {
  return names
    .filter((name) => !others.test(name))
    .map((name) => (name.includes('image') ? image(name) : chat(name)))
}
