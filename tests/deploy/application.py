"""An application as it stands in a pod: the official client, configured by the environment alone.

    application.py ask TEXT        prints the answer
    application.py stream TEXT     prints `first` at the first word, then the whole answer

An answer that is an error is printed as `error STATUS MESSAGE`.
"""

import sys

import openai


def main(how, text):
    client = openai.OpenAI(api_key="the-client's-own", max_retries=0, timeout=60)
    asked = {"model": "demo", "messages": [{"role": "user", "content": text}]}
    try:
        if how == "ask":
            print(client.chat.completions.create(**asked).choices[0].message.content)
            return
        words = []
        for event in client.chat.completions.create(**asked, stream=True):
            if event.choices and event.choices[0].delta.content:
                if not words:
                    print("first", flush=True)
                words.append(event.choices[0].delta.content)
        print("".join(words))
    except openai.APIStatusError as error:
        print("error", error.status_code, error.message)
    except openai.APIConnectionError as error:
        print("error 0", error)


main(*sys.argv[1:])
