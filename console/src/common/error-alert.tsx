import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";

import { ApiError } from "../api/client";

/** Titles of what is refused most. Everything else has its own name. */
const TITLES: Record<string, string> = {
  AccessDeniedException: "You are not allowed to do this",
  ForbiddenException: "This cannot be done here",
  NotFoundException: "It is not there",
  NoSuchEntity: "It is not there",
  ConflictException: "Something is in the way",
  DeleteConflict: "Something is in the way",
  BadRequestException: "This is not right yet",
  ValidationError: "This is not right yet",
  ValidationException: "This is not right yet",
  EntityAlreadyExists: "The name is taken",
  ResourceLimitExceededException: "A limit is reached",
  LimitExceeded: "A limit is reached",
  UnprocessableEntityException: "Something is in the way",
  ThrottledClientException: "Too fast",
  NotImplementedException: "This server cannot do this yet",
  NetworkError: "No connection",
};

export function describe(error: unknown): { title: string; text: string } {
  if (!(error instanceof ApiError)) return { title: "Something went wrong", text: String(error) };
  const request = error.requestId ? ` (request ${error.requestId})` : "";
  return { title: TITLES[error.code] ?? error.code, text: `${error.message}${request}` };
}

/** What could not be shown or done, in the server's words. */
export function ErrorAlert({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { title, text } = describe(error);
  return (
    <Alert
      type="error"
      header={title}
      action={onRetry && <Button onClick={onRetry}>Try again</Button>}
    >
      <Box variant="span">{text}</Box>
    </Alert>
  );
}
