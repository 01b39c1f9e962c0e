// Much at once: in portions that the server takes, with what came of each.

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal, { type ModalProps } from "@cloudscape-design/components/modal";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { type ReactNode, useState } from "react";

import { ApiError } from "../../api/client";
import { csv, download } from "../../common/csv";
import { ErrorAlert } from "../../common/error-alert";

/** Users of one request. Source: Chime API, `BatchSuspendUser` and its kin. */
export const BATCH = 50;

export interface Outcome {
  who: string;
  ok: boolean;
  text: string;
}

interface Batches<T> {
  items: T[];
  /** How many the server takes at once. */
  size: number;
  nameOf: (item: T) => string;
  run: (portion: T[]) => Promise<Outcome[]>;
}

/** What a request comes to that one of its items spoils. */
const SPOILT = new Set(["BadRequestException", "ValidationException"]);

/** Does one portion. If something in it spoils the request, the rest is done without it. */
async function portion<T>(batches: Batches<T>, items: T[]): Promise<Outcome[]> {
  try {
    return await batches.run(items);
  } catch (error) {
    if (!(error instanceof ApiError) || !SPOILT.has(error.code)) throw error;
    const [first] = items;
    if (first !== undefined && items.length === 1) return [{ who: batches.nameOf(first), ok: false, text: error.message }];
    const half = Math.ceil(items.length / 2);
    return [...(await portion(batches, items.slice(0, half))), ...(await portion(batches, items.slice(half)))];
  }
}

interface Props<T> extends Batches<T> {
  title: string;
  verb: string;
  children: ReactNode;
  size: number;
  width?: ModalProps.Size;
  /** What is known to be impossible before anything is asked. */
  known?: Outcome[];
  ready?: boolean;
  onDone: (outcomes: Outcome[]) => void;
  onClose: () => void;
}

export function InBatches<T>(props: Props<T>) {
  const { title, verb, items, known = [], children, onDone, onClose } = props;
  const [outcomes, setOutcomes] = useState<Outcome[]>([]);
  const [error, setError] = useState<unknown>();
  const [isRunning, setRunning] = useState(false);
  const isDone = outcomes.length > 0 && !isRunning;

  async function start() {
    setRunning(true);
    setError(undefined);
    let all = [...known];
    try {
      for (let at = 0; at < items.length; at += props.size) {
        all = [...all, ...(await portion(props, items.slice(at, at + props.size)))];
        setOutcomes(all);
      }
    } catch (error) {
      setError(error);
    } finally {
      setRunning(false);
    }
    if (all.length > known.length) onDone(all);
  }

  return (
    <Modal
      visible
      header={title}
      size={props.width}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {isDone ? "Close" : "Cancel"}
            </Button>
            {!isDone && (
              <Button
                variant="primary"
                disabled={items.length === 0 || props.ready === false}
                loading={isRunning}
                onClick={() => void start()}
              >
                {`${verb} ${items.length || ""}`.trim()}
              </Button>
            )}
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {error !== undefined && <ErrorAlert error={error} />}
        {!isDone && children}
        <Outcomes done={outcomes} of={Math.max(items.length + known.length, outcomes.length)} isRunning={isRunning} />
      </SpaceBetween>
    </Modal>
  );
}

function Outcomes({ done, of, isRunning }: { done: Outcome[]; of: number; isRunning: boolean }) {
  if (!isRunning && done.length === 0) return null;
  const failed = done.filter((outcome) => !outcome.ok);
  return (
    <SpaceBetween size="s">
      <ProgressBar label="Progress" value={of ? (100 * done.length) / of : 100} additionalInfo={`${done.length} of ${of}`} />
      {!isRunning && (
        <>
          <Alert
            type={failed.length > 0 ? "warning" : "success"}
            action={
              <Button iconName="download" onClick={() => download("results.csv", csv(done, ["who", "ok", "text"]))}>
                Results as CSV
              </Button>
            }
          >
            {failed.length > 0 ? `${failed.length} of ${done.length} could not be done.` : `All ${done.length} are done.`}
          </Alert>
          <Table
            variant="embedded"
            items={[...failed, ...done.filter((outcome) => outcome.ok)]}
            ariaLabels={{ tableLabel: "Results" }}
            columnDefinitions={[
              { id: "who", header: "Who", cell: (outcome) => outcome.who, isRowHeader: true },
              {
                id: "what",
                header: "Result",
                cell: (outcome) => (
                  <StatusIndicator type={outcome.ok ? "success" : "error"}>{outcome.text}</StatusIndicator>
                ),
              },
            ]}
          />
        </>
      )}
    </SpaceBetween>
  );
}
