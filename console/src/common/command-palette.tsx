// Goes to any page by its name.

import Autosuggest, { type AutosuggestProps } from "@cloudscape-design/components/autosuggest";
import Box from "@cloudscape-design/components/box";
import Modal from "@cloudscape-design/components/modal";
import { useEffect, useRef, useState } from "react";
import { useNavigate } from "react-router-dom";

import { type Page, PAGES } from "../pages/pages";

export function CommandPalette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const navigate = useNavigate();
  const input = useRef<AutosuggestProps.Ref>(null);
  const pages = PAGES.filter((page) => !page.path.includes(":") && !page.hidden);

  useEffect(() => input.current?.focus(), []);

  /** To a page by its address, or the first one that what was typed fits. */
  function go(asked: string) {
    const text = asked.toLowerCase();
    const fits = (page: Page) => [page.title, ...(page.words ?? [])].some((word) => word.toLowerCase().includes(text));
    const page = pages.find((page) => page.path === asked) ?? pages.find(fits);
    if (!page) return;
    onClose();
    navigate(page.path);
  }

  return (
    <Modal visible onDismiss={onClose} header="Go to">
      <Autosuggest
        ref={input}
        value={text}
        onChange={({ detail }) => setText(detail.value)}
        onSelect={({ detail }) => go(detail.value)}
        options={pages.map((page) => ({ value: page.path, label: page.title, description: page.group, tags: page.words }))}
        enteredTextLabel={(value) => `Search for “${value}”`}
        placeholder="Name of a page, or what you want to do there"
        ariaLabel="Page"
        empty={<Box>No page of that name</Box>}
        filteringType="auto"
      />
    </Modal>
  );
}
