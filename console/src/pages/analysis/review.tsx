import Box from "@cloudscape-design/components/box";
import ExpandableSection from "@cloudscape-design/components/expandable-section";

import { call } from "../../api/client";
import { ListTable } from "../../common/list-table";
import { usePagesOf } from "../../common/pages-of";
import { RouteLink } from "../../common/route-link";
import { Time } from "../../common/time";

type Policy = Awaited<ReturnType<typeof read>>["items"][number];

async function read(nextToken: string | undefined) {
  const answer = await call("access-analyzer", "ListPoliciesToReview", { nextToken });
  const items = answer.policies.map((policy) => ({
    ...policy,
    id: policy.policyArn ?? `${policy.attachedTo}/${policy.policyName}`,
  }));
  return { items, next: answer.nextToken };
}

export default function Review() {
  const list = usePagesOf(["policies-to-review"], read);
  return (
    <ListTable
      title="Policies to review"
      description="Your own policies that actions of a later release concern, until they are written anew."
      list={list}
      trackBy="id"
      columns={[
        { id: "policy", header: "Policy", cell: (policy) => <Name of={policy} />, isRowHeader: true },
        { id: "written", header: "Written", cell: (policy) => <Time at={policy.editedAt} /> },
        { id: "widened", header: "Means more now", cell: (policy) => <Widened of={policy} /> },
        { id: "nearest", header: "Nearest managed policy", cell: (policy) => <Nearest of={policy} /> },
      ]}
    />
  );
}

function Name({ of: policy }: { of: Policy }) {
  if (policy.policyArn === undefined) return <>{`${policy.policyName} of ${policy.attachedTo}`}</>;
  const to = `/iam/policy?arn=${encodeURIComponent(policy.policyArn)}`;
  return <RouteLink to={to}>{policy.policyName}</RouteLink>;
}

function Widened({ of: policy }: { of: Policy }) {
  if (policy.widenedWildcards.length === 0) return <>–</>;
  return policy.widenedWildcards.map((one) => {
    const by = one.element === "Action" ? one.patterns.join(", ") : `all but ${one.patterns.join(", ")}`;
    const verb = one.effect === "Allow" ? "allows" : "denies";
    return (
      <Box key={`${one.statementIndex} ${by}`}>
        {`Statement ${one.statementIndex + 1} ${verb} by ${by}: ${one.newActions.join(", ")}`}
      </Box>
    );
  });
}

function Nearest({ of: policy }: { of: Policy }) {
  const nearest = policy.nearestPolicy;
  if (nearest === undefined || nearest.missingActions.length === 0) return <>–</>;
  const name = nearest.policyArn.split("/").at(-1);
  return (
    <>
      {nearest.newActions.length > 0 && <Box>{`New in ${name}: ${nearest.newActions.join(", ")}`}</Box>}
      <ExpandableSection headerText={`${name} grants ${nearest.missingActions.length} more`} variant="inline">
        <Box>{nearest.missingActions.join(", ")}</Box>
      </ExpandableSection>
    </>
  );
}
