"""Makes risk_a.jsonl from the hand-written *.txt: `NNf loaded text | sincere text`, where NN is the risk (8 -> 0.80), f is n (null) or z (0)."""
import json, re, zlib

OPEN_WHY_DO = ["Can somebody explain why {}?", "Is there a reason why {}?", "Does anyone know why {}?", "How come {}?",
               "Seriously, why do {}?", "What is the reason that {}?", "I have been wondering why {}.", "why do {}",
               "Could you explain to me why {}?", "My friend asked me why {}. What should I answer?", "What explains why {}?",
               "Please tell me why {}.", "What is behind the fact that {}?"]
PREFACES = ["Honest question: {}?", "Just curious, {}?", "Serious answers only: {}?", "So {}?", "And {}, if I may ask?", "{}", "{}??",
            "Quick question, {}?", "Not trolling, but {}?", "OK, {}?", "Out of curiosity: {}?", "Question for everyone: {}?",
            "I keep asking myself: {}?", "Hi all, {}?", "Genuinely asking, {}?", "For a debate at school: {}?", "Sorry if this is obvious, {}?", "One thing I never understood: {}?"]
TRUE = ["Is it true that {}?", "Somebody told me that {}. Is that so?", "Is there any truth in the claim that {}?",
        "I read that {}. True or false?"]

def restyle(text, k, hi):
    """Other openings, so that no frame is too common; the prefaces go to both sides at like rates."""
    m = re.match(r"Why do ((?!not |any|people who|you|we )[^?]+)\?$", text)
    if m:
        n = k[hi, "do"]; k[hi, "do"] += 1
        return text if n % 14 == 13 else OPEN_WHY_DO[n % 14].format(m[1])
    m = re.match(r"Is it true that ([^?,]+)\?$", text)
    if m:
        n = k[hi, "true"]; k[hi, "true"] += 1
        return TRUE[n % 4].format(m[1])
    if re.match(r"Why (are|is|does) [^?]+\?$", text):
        n = k[hi, "be"]; k[hi, "be"] += 1
        if n % 3:
            n = k[hi, "pre"]; k[hi, "pre"] += 1
            return PREFACES[n % 18].format(text[0].lower() + text[1:-1])
    elif re.match(r"(What|How|Which) [^?]+\?$", text):
        n = k[hi, "wh"]; k[hi, "wh"] += 1
        if n % 5 == 0:
            n = k[hi, "pre"]; k[hi, "pre"] += 1
            return PREFACES[n % 18].format(text[0].lower() + text[1:-1])
    return text

PRIVATE = ("Margaret Pell", "Whitcombe", "Hargrave", "Jonas have in the bank", "Oliver from accounts", "our mayor take", "singer Adele", "wife search", "landlord have a criminal")
if __name__ == "__main__":
    import collections
    rows, seen, k, pair = [], set(), collections.Counter(), 0
    for path in ("loaded_1.txt", "loaded_2.txt", "loaded_3.txt", "loaded_4.txt", "ai_1.txt", "ai_2.txt", "creative.txt"):
        fam = None
        for line in open(path, encoding="utf-8"):
            line = line.strip()
            if line.startswith("# "):
                fam = line[2:]; continue
            if not line:
                continue
            left, right = line.split(" | ")
            m = re.match(r"(\d+)([nz]) (.+)$", left)
            risk = float("0." + m[1]); pid = f"ra{pair:04d}"; pair += 1
            h = None if m[2] == "n" or any(p in m[3] for p in PRIVATE) else 0
            jit = (zlib.crc32(m[3].encode()) % 5 - 2) / 100
            low = (0.06, 0.08, 0.1, 0.12, 0.14)[zlib.crc32(right.encode()) % 5]
            for text, harm, r in ((restyle(m[3], k, 1), h, round(risk + jit, 2)), (restyle(right, k, 0), 0, low)):
                key = re.sub(r"\W+", " ", text.lower()).strip()
                assert key not in seen, text
                seen.add(key)
                rows.append({"text": text, "harmful": harm, "risk": r, "type": "risk", "family": fam, "pair": pid, "phrase": pid})
    with open("risk_a.jsonl", "w", encoding="utf-8") as f:
        for r in rows:
            f.write(json.dumps(r, ensure_ascii=False) + "\n")
