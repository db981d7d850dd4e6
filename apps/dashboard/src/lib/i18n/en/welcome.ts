export const messages = {
  title: 'Welcome to Sluice',
  lead: 'One API for all your upstreams. Get started in three steps.',
  balance: (credits: string) => `You have ${credits} credits.`,
  builtIn: {
    title: 'The sandbox is active',
    text: 'It generates test pictures and answers, so you can try everything without an upstream. Prices are real.',
    admin: 'Add a real channel when you have an upstream API key.',
    link: 'Add a channel',
  },
  real: {
    title: 'A real upstream is connected',
    text: 'It generates pictures and answers, charged by the price list.',
    link: 'Open channels',
  },
  steps: {
    picture: {
      title: 'Generate a picture',
      text: 'Enter a prompt and follow the progress live. The price is shown before you submit.',
      link: 'Open the studio',
    },
    key: {
      title: 'Create an API key',
      text: 'The gateway is OpenAI-compatible: change only the base URL and the key.',
      link: 'Create an API key',
    },
    call: {
      title: 'Call the API',
      text: 'Replace the dots with your key:',
    },
  },
  done: 'Go to the overview',
}
